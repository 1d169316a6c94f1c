"""Which sites to run: strata, allocation, picks, reserves and weights."""
