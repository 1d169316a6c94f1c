"""Expression graphs run by Earth Engine: the engine ``ee`` of ``rootzone surface``."""
