"""Texture in, a consistent and guarded set of soil hydraulic parameters out."""
