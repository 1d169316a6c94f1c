"""Engines that turn soils and weather into daily soil-water profiles."""
