"""Labels: water content at a depth from any profile, screened stations, splits that do not leak."""
