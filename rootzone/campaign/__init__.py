"""What a campaign intends: the typed campaign file, its workspace and its scaffold."""
