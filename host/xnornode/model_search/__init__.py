"""The best network within a budget."""
