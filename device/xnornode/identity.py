"""The name that a node was given once (docs/reference/protocol.md, "A name").

Runs in CPython too, where its tests drive it.
"""

import json
import os

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

LONGEST = 32  # letters of a name
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
MOST_BYTES = 1024  # of the file


def is_name(text: object) -> bool:
    """Whether it may be a node's name."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        return False
    return text[0] in LETTERS and not text.strip(LETTERS + "-_")


def read_name(path: str) -> str:
    """The name in a file; "" where there is none, or the file is damaged."""
    name: Any = _read(path).get("name")
    return name if is_name(name) else ""


def write_name(path: str, name: str) -> None:
    """Keep a name, "" for none; a power cut leaves the old one or the new one. Raises OSError."""
    given = _read(path)
    if given.get("name", "") == name:
        return
    if name:
        given["name"] = name
    else:
        del given["name"]
    with open(path + ".new", "wb") as f:
        f.write(json.dumps(given).encode())
    os.rename(path + ".new", path)


def _read(path: str) -> "dict[str, Any]":
    try:
        with open(path, "rb") as f:
            given = json.loads(f.read(MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return given if isinstance(given, dict) else {}
