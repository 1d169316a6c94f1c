"""Rules that tell sensors' faults from weather."""
