"""The same column kernels on a GPU: one column a thread, state with the column index fastest."""
