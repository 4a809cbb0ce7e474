"""Layers, quantizers, losses and optimizers in NumPy, forward and backward."""
