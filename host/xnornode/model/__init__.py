"""The integer network as plain data, its file, and readable inference."""
