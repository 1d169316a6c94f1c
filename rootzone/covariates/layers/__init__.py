"""Land on one grid: terrain, cover, climate, soils."""
