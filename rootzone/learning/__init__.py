"""From sparse labels to a field: features, models, losses, training, evaluation."""
