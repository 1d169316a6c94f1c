"""What plants do to a column: how much they ask for, from where, and what they leave in stress."""
