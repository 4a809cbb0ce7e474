"""What a program that shares ports is called, and how it tells its user.

Without imports: each command sets it, also those that open no port.
"""

program = ""
"""What others are told of this program; empty for its file's name."""


def say(text: str) -> None:
    """Gets a line for the user: whom a port is shared with, who is waited for."""
