"""The front door: what ``import rootzone as rz`` offers, a module for each topic.

Verbs take tables (polars or pandas frames, mappings of arrays, files) and give tables that hand
themselves on to polars, pandas and xarray with units and provenance. The names in
``rootzone.__all__`` are a promise, held by a test; every other module may move without notice.
"""
