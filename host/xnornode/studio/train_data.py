"""Which files the data had when a model was made, and what has changed since."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
"""Bytes that are read at a time."""
MOST_NAMED = 20_000
"""Files whose digests are kept one by one; of more, only what they are together."""
MOST_CACHED = 100_000
"""Digests that are remembered while the studio runs."""
SYSTEM = ("__MACOSX", "Thumbs.db")
"""Names that readers of data skip, beside those that begin with a dot."""

_digests: dict[tuple[str, int, int], str] = {}
_lock = threading.Lock()


def look_at(folder: Path) -> dict[str, Any]:
    """What is in a folder of data, as JSON can hold it.

    Parameters
    ----------
    folder : Path
        It need not be there.

    Returns
    -------
    dict
        `files`: how many; `bytes`; `classes`: files by the folder they are in; `digest`: one
        SHA-256 over names and content; `each`: the first half of each file's digest by its path,
        empty where there are more than MOST_NAMED.

    Raises
    ------
    OSError
        A file cannot be read.

    Examples
    --------
    >>> look_at(Path("no such folder"))["files"]
    0
    """
    each: dict[str, str] = {}
    classes: Counter[str] = Counter()
    size = 0
    for path in _files(folder):
        place = path.relative_to(folder)
        try:
            digest, bytes = _digest(path), path.stat().st_size
        except FileNotFoundError:
            continue  # deleted meanwhile
        each[place.as_posix()] = digest
        size += bytes
        classes[place.parts[0] if len(place.parts) > 1 else ""] += 1
    whole = hashlib.sha256()
    for name in sorted(each):
        whole.update(f"{os.fsencode(name)!r} {each[name]}\n".encode())
    return {
        "files": len(each),
        "bytes": size,
        "classes": {_shown(name): count for name, count in sorted(classes.items())},
        "digest": whole.hexdigest(),
        "each": {} if len(each) > MOST_NAMED else {_shown(n): each[n] for n in sorted(each)},
    }


def count(folder: Path) -> dict[str, int]:
    """How many files each class has, without reading them."""
    places = [path.relative_to(folder).parts for path in _files(folder)]
    found = Counter(_shown(parts[0]) if len(parts) > 1 else "" for parts in places)
    return dict(sorted(found.items()))


def changes(before: Any, now: dict[str, Any]) -> dict[str, int] | None:
    """What differs between two looks.

    Parameters
    ----------
    before : Any
        What `look_at` gave, as it was read from a file.
    now : dict
        What it gives now.

    Returns
    -------
    dict of str to int, or None
        Files that were `added`, `removed` and `changed`. None where that is not known.

    Examples
    --------
    >>> before = {"digest": "1", "files": 1, "each": {"a": "1"}}
    >>> changes(before, {"digest": "2", "files": 2, "each": {"a": "1", "b": "2"}})
    {'added': 1, 'removed': 0, 'changed': 0}
    """
    if not isinstance(before, dict) or not isinstance(before.get("digest"), str):
        return None
    if before["digest"] == now["digest"]:
        return {"added": 0, "removed": 0, "changed": 0}
    old, new = before.get("each"), now["each"]
    if not isinstance(old, dict) or not (old or not before.get("files")):
        return None
    both = old.keys() & new.keys()
    return {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[name] != new[name] for name in both),
    }


def _files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        paths = [Path(place, name) for name in sorted(names) if not _is_hidden(name)]
        found += [path for path in paths if path.is_file()]
    return found


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in SYSTEM


def _shown(name: str) -> str:
    """A name that is no UTF-8 has surrogates, which JSON's readers refuse."""
    return name.encode(errors="backslashreplace").decode()


def _digest(path: Path) -> str:
    """Half a SHA-256 of a file, read again only after it was written."""
    about = path.stat()
    key = (str(path.absolute()), about.st_mtime_ns, about.st_size)
    with _lock:
        if found := _digests.get(key):
            return found
    with path.open("rb") as file:
        done = hashlib.sha256()
        while block := file.read(BLOCK):
            done.update(block)
    found = done.hexdigest()[:32]
    with _lock:
        if len(_digests) >= MOST_CACHED:
            _digests.clear()
        _digests[key] = found
    return found
