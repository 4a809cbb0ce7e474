"""XnorNode on the PC: train binary neural networks and put them on MicroPython sensor nodes."""

__version__ = "0.1.0"
