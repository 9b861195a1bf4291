"""Places of which a few facts are known: the rest follows by stated rules from the place they are based on."""
