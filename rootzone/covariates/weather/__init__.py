"""Sky of each weather cell: daily series, gaps, evaporation."""
