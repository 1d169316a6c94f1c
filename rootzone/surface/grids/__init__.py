"""Where sensors' cells lie, and sums between grids that lose no area."""
