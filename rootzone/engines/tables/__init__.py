"""Soils and weather in, profiles out, as tables of one user."""
