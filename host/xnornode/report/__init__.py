"""What a training came to, as text, HTML and JSON."""
