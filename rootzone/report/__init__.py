"""Figures and pages that say what was done and how good it is."""
