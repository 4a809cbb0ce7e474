"""Example sets."""
