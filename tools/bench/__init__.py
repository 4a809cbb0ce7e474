"""Measurements: kernels, models, training, pushes."""
