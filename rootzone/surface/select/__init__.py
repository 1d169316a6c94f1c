"""Models as expression graphs that run here and in the cloud alike."""
