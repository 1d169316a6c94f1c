"""Skill on held-out samples beside simple rivals."""
