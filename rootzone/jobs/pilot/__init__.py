"""What a run will cost, from a pilot of its own sites."""
