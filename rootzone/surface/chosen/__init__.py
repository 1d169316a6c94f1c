"""The system ``select``: a model chosen for each environment, run here or by Earth Engine."""
