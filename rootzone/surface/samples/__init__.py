"""Places and days with what satellites saw of them and, where known, their moisture."""
