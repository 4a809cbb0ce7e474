"""Long tests: fuzzing, faults, power cuts."""
