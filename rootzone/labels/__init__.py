"""Labels at one depth everywhere, and the stations they are held against."""
