"""Station files of each network, into one form."""
