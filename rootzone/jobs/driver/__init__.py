"""A campaign's shards on a laptop, Slurm or Dask, and signals to stop."""
