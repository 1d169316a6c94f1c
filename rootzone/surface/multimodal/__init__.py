"""Surface moisture at 10 m from radar, optics, terrain and weather: a multimodal ConvNeXt V2."""
