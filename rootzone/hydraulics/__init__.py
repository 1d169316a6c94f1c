"""Soil hydraulics: from texture or measured parameters to guarded soil columns."""
