"""Downloads that resume, and proof of what came."""
