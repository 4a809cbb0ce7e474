"""Settings that are known to work."""
