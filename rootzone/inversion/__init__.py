"""Soil inversion: which soil, under a station's own weather, explains what its sensors saw."""
