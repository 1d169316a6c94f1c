"""What became of each site, read off files."""
