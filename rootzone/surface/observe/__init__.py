"""Readers of satellite and reanalysis files, which say what they left out and why."""
