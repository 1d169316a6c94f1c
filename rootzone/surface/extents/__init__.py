"""DeepSoil's surface half: places alike in clusters, a U-Net for each, monthly then daily."""
