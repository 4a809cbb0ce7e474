"""Files that a page sends for a board: firmware and models, kept for a while beside the data."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import IO, Any

from aiohttp import BodyPartReader, web

from xnornode.errors import XnorNodeError
from xnornode.studio.requests import BadRequest, reading_form

FOLDER = "uploads"
MODELS, MODEL = "models", "model.bnn"
"""Where the studio keeps models: a folder each."""
MOST = 1 << 26
"""Bytes of a file: no board has more flash."""
KEPT = 6
"""Files that are kept; the oldest goes when another one comes."""
BLOCK = 1 << 16
LONGEST = 80
"""Characters of a file's name that are kept."""


async def take(request: web.Request, kept: Path, run: Any) -> dict[str, Any]:
    """Keep the file of a request; its id, name and size.

    Parameters
    ----------
    request : web.Request
        A form with one file.
    kept : Path
        The studio's folder.
    run : callable
        Runs a function in a thread.

    Raises
    ------
    BadRequest
        For a request without a file.
    XnorNodeError
        For a file that is too long.
    """
    if not request.content_type.startswith("multipart/"):
        raise BadRequest("the request has no file")
    with reading_form():
        return await _taken(request, kept, run)


async def _taken(request: web.Request, kept: Path, run: Any) -> dict[str, Any]:
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.filename:
            break
    else:
        raise BadRequest("the request has no file")
    name = _safe(part.filename or "")
    folder = kept / FOLDER / secrets.token_hex(6)
    size = 0
    await run(_make, kept / FOLDER, folder)
    try:
        file: IO[bytes] = await run(open, folder / name, "wb")
        try:
            while data := await part.read_chunk(BLOCK):
                size += len(data)
                if size > MOST:
                    raise XnorNodeError(f"{name} is longer than {MOST:,} bytes: no board takes it")
                await run(file.write, data)
        finally:
            await run(file.close)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"id": folder.name, "name": name, "bytes": size}


def find(kept: Path, id: str) -> Path:
    """The file of an id that `take` has given. Raises XnorNodeError where it is gone."""
    folder = kept / FOLDER / id
    if re.fullmatch(r"[0-9a-f]{12}", id) and folder.is_dir():
        for path in folder.iterdir():
            return path
    raise XnorNodeError("the file that was sent is not kept any more: choose it again")


def models(kept: Path) -> list[dict[str, Any]]:
    """The models that the studio keeps, the newest first."""
    found = []
    for path in (kept / MODELS).glob(f"*/{MODEL}"):
        status = path.stat()
        found.append((status.st_mtime, path.parent.name, status.st_size))
    return [{"name": name, "bytes": size} for _, name, size in sorted(found, reverse=True)]


def model(kept: Path, name: str) -> Path:
    """The file of a model that the studio keeps. Raises XnorNodeError where it is gone."""
    if name not in {each["name"] for each in models(kept)}:
        raise XnorNodeError(f"there is no model {name[:LONGEST]}: it may have been deleted")
    return kept / MODELS / name / MODEL


def _make(place: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    old = sorted((p for p in place.iterdir() if p != folder), key=lambda p: p.stat().st_mtime)
    for path in old[: max(0, len(old) - KEPT + 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _safe(name: str) -> str:
    """A file's name that is one on each system, with its ending: commands show and read it."""
    base = os.path.basename(name.replace("\\", "/"))
    stem, ending = os.path.splitext(re.sub(r"[^\w.+-]", "_", base).lstrip(".-"))
    return (stem[:LONGEST] or "file") + ending[:10]
