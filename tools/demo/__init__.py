"""The whole way once, on an emulated Pico or a real one: `make demo`."""
