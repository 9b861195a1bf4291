"""The equations, one file per sector; names of subscripts and accounts in ``names``."""
