"""Surface (5 cm) soil moisture, which can feed the root-zone network."""
