"""What point models make of a station network, without any map."""
