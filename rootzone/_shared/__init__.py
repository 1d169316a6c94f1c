"""Helpers every stage may use: errors, units, digests, atomic writes, resources."""
