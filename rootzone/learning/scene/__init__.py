"""Channels of any window and day."""
