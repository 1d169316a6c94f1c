"""Made-up worlds whose truth is known everywhere, to test what the learning can and cannot do."""
