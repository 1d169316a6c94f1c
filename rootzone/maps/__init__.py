"""Seam-free 30 m maps and the trust layer beside them."""
