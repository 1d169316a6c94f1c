"""Physics at every pixel: a few columns simulated, all others between them."""
