"""The equations, one file per sector; subscripts and accounts are in ``names``, recurring sources in ``grounds``."""
