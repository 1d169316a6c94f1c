"""A retrieval whose unknown parameters a network gives, trained end to end on stations."""
