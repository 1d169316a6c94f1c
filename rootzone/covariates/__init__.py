"""Land and sky on one grid: catalog, readers, terrain and forcing."""
