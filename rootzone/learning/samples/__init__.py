"""Labels on their pixels, in batches."""
