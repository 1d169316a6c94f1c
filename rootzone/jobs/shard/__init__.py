"""One shard: its sites cut, climbed, judged and written."""
