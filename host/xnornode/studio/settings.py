"""What the studio remembers from one start to the next, in a small file beside the data."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from xnornode._files import open_to_read, read_most, write_whole

NAME = "settings.json"
MOST = 1 << 20
"""Bytes of the file that are read."""


class Settings:
    """Values by their names, in `settings.json`. Thread-safe.

    A file that is missing, or is none of ours, is taken for an empty one.

    Parameters
    ----------
    folder : Path
        Where the file is. It is made with the first value.

    Examples
    --------
    >>> Settings(Path("recordings/.studio")).get("port", "none")
    'none'
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.Lock()

    def get(self, name: str, default: Any = None) -> Any:
        """A value; the default where there is none of the default's type."""
        with self._lock:
            value = self._read().get(name, default)
        return value if default is None or isinstance(value, type(default)) else default

    def set(self, name: str, value: Any) -> None:
        """Keep what JSON can hold. Raises OSError."""
        with self._lock:
            content = {**self._read(), name: value}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, (json.dumps(content, indent=1) + "\n").encode())

    def _read(self) -> dict[str, Any]:
        try:
            with open_to_read(self._path) as file:
                content = json.loads(read_most(file, MOST))
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}
