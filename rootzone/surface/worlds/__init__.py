"""Made-up land of which everything is known, and what satellites would see of it."""
