"""Daily maps of surface moisture, their parameters, and how good they are."""
