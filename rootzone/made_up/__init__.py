"""Made-up land, weather and stations in the real file formats, with a known truth."""
