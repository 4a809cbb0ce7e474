"""Emulated chips: a whole Pico, single cores."""
