"""Helpers of tests and tools."""
