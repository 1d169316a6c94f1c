"""Fusion of two sensors' images: fine pictures of few days, coarse ones of every day."""
