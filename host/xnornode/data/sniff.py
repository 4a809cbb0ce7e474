"""What a file holds, by its first bytes."""

import re
from pathlib import Path

START = 4096
"""Bytes that are looked at."""
NUMBERS = 0.5
"""The share of words that are numbers in a table of numbers."""
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?|nan|inf", re.I)


def holds_numbers(path: Path) -> bool:
    """Whether most words of a text file are numbers, beyond a line or two of titles."""
    with path.open("rb") as file:
        start = file.read(START)
    lines = start.decode("latin-1").splitlines()
    lines = lines[2:-1] if len(lines) > 4 else lines[-1:]  # the last one may be cut
    words = [word for line in lines for word in re.split(r"[\s,;|\t]+", line) if word]
    if not words:
        return False
    numbers = sum(1 for word in words if NUMBER.fullmatch(word))
    return numbers > NUMBERS * len(words) and len(words) > len(lines) / 2
