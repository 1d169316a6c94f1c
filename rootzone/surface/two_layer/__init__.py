"""Two layers from a coarse product: downscaled by trees, corrected by stations, mapped daily."""
