"""The files of the data, by class and group: from heads alone, each read once."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnornode._words import few
from xnornode.data.dataset import natural
from xnornode.data.paths import irregular, read_paths
from xnornode.model.names import normalized
from xnornode.studio.data_facts import KINDS, Facts, read_facts
from xnornode.studio.data_paths import DEEPEST, is_hidden, key_of

MOST_FILES = 100_000
"""Files that are listed."""
MOST_NAMED = 5
"""Pipes and the like that are named."""


ALIKE = {"image": "images", "text": "texts"}
"""Kinds that are read by themselves; all others are recordings."""


@dataclass(frozen=True)
class Item:
    """A file of the data.

    Parameters
    ----------
    key : str
        How pages name it.
    path : Path
        Where it is.
    label, group, part : str
        What it says of itself, else what its path says.
    version : str
        Changes when the file does.
    bytes : int
        How long it is.
    facts : Facts
        What its head says.
    """

    key: str
    path: Path
    label: str
    group: str
    part: str
    version: str
    bytes: int
    facts: Facts

    def told(self, folder: Path) -> dict[str, Any]:
        """As JSON can hold it."""
        f = self.facts
        return {
            "path": self.key,
            "name": normalized(self.path.relative_to(folder).as_posix()),
            "label": self.label,
            "group": self.group,
            "part": self.part,
            "version": self.version,
            "bytes": self.bytes,
            "kind": f.kind,
            "samples": f.samples,
            "rate": f.rate,
            "seconds": round(f.seconds, 4),
            "channels": len(f.channels),
            "remarks": list(f.remarks),
            "problem": f.problem,
        }


@dataclass(frozen=True)
class Listing:
    """All files at one moment.

    Parameters
    ----------
    folder : Path
        The folder of the data.
    items : tuple of Item
        By label, group and name.
    left_out : tuple of str
        What is there and not listed, in words.
    """

    folder: Path
    items: tuple[Item, ...] = ()
    left_out: tuple[str, ...] = ()
    mark: str = field(default="", compare=False)
    """A text that changes with any file."""

    def classes(self) -> list[dict[str, Any]]:
        """What there is of each class, and of each group in it."""
        found = _amounts(self.items, "label")
        for row in found:
            own = [item for item in self.items if item.label == row["name"]]
            row["groups"] = _amounts(own, "group")
        return found

    def groups(self) -> list[dict[str, Any]]:
        """What there is of each group that somebody named."""
        return _amounts([item for item in self.items if item.group], "group")

    def mixed(self) -> str:
        """A sentence where files of kinds lie beside each other that no training takes together."""
        kinds = Counter(ALIKE.get(item.facts.kind, "recordings") for item in self.items)
        if len(kinds) < 2:
            return ""
        told = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        return f"There are {told}: a training takes one kind, so keep the others in another folder."

    def odd(self) -> list[Item]:
        """Recordings with other channels or scales than most."""
        known = [item for item in self.items if item.facts.channels and not item.facts.problem]
        usual = Counter(_sensor(item) for item in known).most_common(1)
        return [item for item in known if _sensor(item) != usual[0][0]]

    def odd_words(self) -> str:
        """What is wrong with them, as a sentence; "" if there are none."""
        odd = self.odd()
        if not odd:
            return ""
        rest = [i for i in self.items if i.facts.channels and i not in odd]
        mine, usual = odd[0].facts, rest[0].facts
        if mine.channels != usual.channels:
            has = f"has the channels {few(mine.channels, 6)}; most have {few(usual.channels, 6)}"
        else:
            has = "has another full scale than most"
        name = normalized(odd[0].path.relative_to(self.folder).as_posix())
        what = "1 recording is" if len(odd) == 1 else f"{len(odd):,} recordings are"
        return (
            f"{what} of another sensor or setting than the other {len(rest):,}: {name} {has}. "
            "They cannot be trained on together: delete them, or keep them in another folder"
        )


class Catalogue:
    """Knows the files of a folder, and reads what has changed alone.

    Parameters
    ----------
    folder : Path
        The folder of the data. It need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[str, Facts]] = {}
        self._lock = threading.Lock()
        self._last = Listing(folder)

    def look(self) -> Listing:
        """All files as they are now. Raises OSError."""
        with self._lock:
            paths: list[tuple[Path, os.stat_result]] = []
            other, links, odd = Counter[str](), 0, list[Path]()
            for path, stat in _walk(self.folder):
                if stat is None:
                    links += path.is_symlink()
                    odd += [] if path.is_symlink() else [path.relative_to(self.folder)]
                elif path.suffix.lower() not in KINDS:
                    other[path.suffix.lower() or path.name] += 1
                elif len(paths) < MOST_FILES:
                    paths.append((path, stat))
                else:
                    other["more"] += 1
            left = [
                f"{count:,} files {name} of no kind that is read" for name, count in other.items()
            ]
            if links:
                left.append(f"{links:,} symbolic links, which the studio does not follow")
            left += irregular(odd[:MOST_NAMED])
            if len(odd) > MOST_NAMED:
                left.append(f"{len(odd):,} such in all")
            told = [f"{path}\0{s.st_mtime_ns}\0{s.st_size}" for path, s in paths]
            mark = hashlib.blake2b(repr((told, left)).encode("utf-8", "replace")).hexdigest()
            if mark != self._last.mark:
                self._last = Listing(self.folder, self._items(paths), tuple(left), mark)
            return self._last

    def _items(self, paths: Sequence[tuple[Path, os.stat_result]]) -> tuple[Item, ...]:
        known, items = {}, []
        said = read_paths([path for path, _ in paths], self.folder) if paths else []
        for (path, stat), fact in zip(paths, said, strict=True):
            key = key_of(path.relative_to(self.folder))
            version = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
            before = self._known.get(key)
            is_same = before is not None and before[0] == version
            facts = before[1] if before and is_same else read_facts(path, stat.st_size)
            known[key] = version, facts
            label, group = facts.label or fact.label, facts.group or fact.group
            own = label, group, fact.part, version, stat.st_size, facts
            items.append(Item(key, path, *own))
        self._known = known
        items.sort(key=lambda i: (natural(i.label), natural(i.group), natural(i.key)))
        return tuple(items)


def _walk(folder: Path, depth: int = 0) -> Iterator[tuple[Path, os.stat_result | None]]:
    """Files that are not hidden; None for a symbolic link, and for what is no regular file."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # not there, or gone meanwhile
    for entry in entries:
        if is_hidden(entry.name):
            continue
        path = Path(entry.path)
        try:
            if entry.is_symlink():
                yield path, None
            elif entry.is_dir() and depth < DEEPEST:
                yield from _walk(path, depth + 1)
            elif entry.is_file():
                yield path, entry.stat(follow_symlinks=False)
            elif not entry.is_dir():
                yield path, None
        except OSError:
            continue


def _sensor(item: Item) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return item.facts.channels, item.facts.scales


def _amounts(items: Sequence[Item], by: str) -> list[dict[str, Any]]:
    """Per label or group: files, seconds, and how many of the other it has."""
    found: dict[str, dict[str, Any]] = {}
    others: dict[str, set[str]] = {}
    for item in items:
        name = getattr(item, by)
        row = found.setdefault(name, {"name": name, "items": 0, "seconds": 0.0, "bytes": 0})
        row["items"] += 1
        row["seconds"] += item.facts.seconds
        row["bytes"] += item.bytes
        others.setdefault(name, set()).add(item.group if by == "label" else item.label)
    for name, row in found.items():
        row["others"] = len(others[name] - {""})
        row["seconds"] = round(row["seconds"], 3)
    return sorted(found.values(), key=lambda row: natural(row["name"]))
