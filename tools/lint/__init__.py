"""Checks that no ready-made tool does."""
