"""What a model costs: bytes, RAM, cycles, energy."""
