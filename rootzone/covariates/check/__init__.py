"""What a file really is against what the catalog says of it."""
