"""Files of the data, by names that a page gave: only what a reader of the data would read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from xnornode.errors import DataError
from xnornode.model.names import normalized
from xnornode.studio.app import Studio
from xnornode.studio.requests import BadRequest

LONGEST_KEY = 4096
"""Letters of a key at most."""
DEEPEST = 16
"""Folders in folders."""
SYSTEM = ("__MACOSX", "Thumbs.db")
"""Names that systems leave behind, and that readers skip."""


def key_of(path: PurePath) -> str:
    """How pages name a file: its path below the data, in ASCII, also where it is no UTF-8.

    Examples
    --------
    >>> key_of(PurePath("wave/anna/1.rec")), key_of(PurePath("100 %/1.rec"))
    ('wave/anna/1.rec', '100%20%25/1.rec')
    """
    return quote(os.fsencode(path.as_posix()))


def is_hidden(name: str) -> bool:
    """Whether readers of data skip a file or a folder of this name."""
    return name.startswith(".") or name in SYSTEM


def parts_of(key: str) -> tuple[str, ...]:
    """The folders and the name that a key says.

    Raises
    ------
    BadRequest
        It leads out of the data, or to what is hidden.
    """
    try:
        text = os.fsdecode(unquote_to_bytes(key)) if len(key) <= LONGEST_KEY else ""
    except (UnicodeError, ValueError):
        text = ""
    parts = tuple(text.split("/"))
    bad = any(not p or is_hidden(p) or PurePath(p).name != p or PurePath(p).drive for p in parts)
    if bad or "\0" in text:
        raise BadRequest("this is no file of the data")
    return parts


def inside(studio: Studio, key: str) -> Path:
    """The file of a key.

    Parameters
    ----------
    studio : Studio
        Has the folder.
    key : str
        Of `key_of`, from a page.

    Returns
    -------
    Path
        A regular file below the folder of the data, on no way a symbolic link.

    Raises
    ------
    BadRequest
        The key leads elsewhere.
    DataError
        There is no such file.
    """
    return below(studio.data, parts_of(key))


def below(folder: Path, parts: Sequence[str]) -> Path:
    """A regular file below a folder, reached without a symbolic link. Raises XnorNodeError."""
    path = folder.joinpath(*parts)
    at = folder
    for part in parts:
        at = at / part
        if at.is_symlink():
            raise BadRequest(f"{at} is a symbolic link: the studio does not follow it")
    if not path.is_file():
        raise DataError(
            f"{path} is not there any more: another page or program has moved or deleted it"
        )
    return path


def version_of(path: Path) -> str:
    """A text that changes whenever a file does."""
    found = path.stat()
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def drop_empty(folder: Path, place: Path) -> None:
    """Remove folders that hold nothing any more, from `place` up to below `folder`."""
    with suppress(OSError):  # the first one that holds something
        while place != folder and place.is_relative_to(folder):
            place.rmdir()
            place = place.parent


def without_folder(content: Any, folder: Path) -> Any:
    """JSON whose texts name files by their way from `folder` on."""
    if isinstance(content, str):
        for prefix in dict.fromkeys((str(folder), normalized(str(folder)))):
            content = content.replace(f"{prefix}{os.sep}", "")
        return content
    if isinstance(content, dict):
        return {name: without_folder(value, folder) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_folder(value, folder) for value in content]
    return content


def tell_change(studio: Studio) -> None:
    """Have all pages load what they show of the data again."""
    studio.bus.publish("data", {"changed": True})
