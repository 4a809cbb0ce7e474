"""Files that are dropped on the data page: taken, read, and made recordings of."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from xnornode._files import BLOCK
from xnornode.data.look import look
from xnornode.data.readers import kinds
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_edit import Edits
from xnornode.studio.data_import import load, pieces, plan, write
from xnornode.studio.data_list import Catalogue
from xnornode.studio.data_options import fields, options_of
from xnornode.studio.data_paths import without_folder
from xnornode.studio.data_same import count_there
from xnornode.studio.data_understood import told
from xnornode.studio.data_unpack import Drop
from xnornode.studio.requests import BadRequest, answer, read_json, reading_form

OPEN = 16
"""Imports that are open at once."""
OLD = 86400.0
"""Seconds after which files of an import that nobody ended are deleted."""
TOLD = 0.1
"""Seconds from one word about the progress to the next."""


class _Import:
    """Dropped files in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.id = folder.name
        self.folder = folder
        self.drop = Drop(folder / "files")
        self.lock = threading.Lock()
        self.unpacked = False
        self.problem = ""

    def unpack(self) -> None:
        """Unpack archives, once. Raises XnorNodeError, each time if it failed once.

        After a failure half of an archive may be there, and must not pass for the whole.
        """
        if self.problem:
            raise DataError(self.problem)
        if self.unpacked:
            return
        self.problem = "the archive was not unpacked: drop it again"
        try:
            self.drop.unpack()
        except XnorNodeError as error:
            self.problem = str(error)
            raise
        except OSError as error:
            self.problem = f"the archive was not unpacked ({error.strerror}): drop it again"
            raise DataError(self.problem) from error
        self.problem, self.unpacked = "", True


def routes(studio: Studio, edits: Edits, catalogue: Catalogue) -> list[web.AbstractRouteDef]:
    """Those of imports."""
    page = _Imports(studio, edits, catalogue)
    return [
        web.get("/api/data/import", page.open),
        web.post("/api/data/import", page.begin),
        web.post("/api/data/import/{id}/files", page.files),
        web.post("/api/data/import/{id}/read", page.read),
        web.post("/api/data/import/{id}/write", page.write),
        web.post("/api/data/import/{id}/drop", page.end),
    ]


class _Imports:
    def __init__(self, studio: Studio, edits: Edits, catalogue: Catalogue) -> None:
        self._studio, self._edits, self._catalogue = studio, edits, catalogue
        self._folder = studio.kept / "import"
        self._open: dict[str, _Import] = {}
        studio.closing.append(self._close)

    def _close(self) -> None:
        for one in self._open.values():
            shutil.rmtree(one.folder, ignore_errors=True)

    def _clean(self) -> None:
        """Delete what a studio that was killed has left."""
        with suppress(OSError):
            for folder in self._folder.iterdir():
                is_old = time.time() - folder.stat().st_mtime > OLD
                if is_old and folder.name not in self._open:
                    shutil.rmtree(folder, ignore_errors=True)

    def _of(self, request: web.Request) -> _Import:
        found = self._open.get(request.match_info["id"])
        if not found:
            raise DataError("this import is over, or the studio was started again: drop them again")
        return found

    async def open(self, request: web.Request) -> web.Response:
        """The imports that are open, for a page that was loaded again; and the form's fields."""
        return answer({"open": list(self._open), "fields": fields()})

    async def begin(self, request: web.Request) -> web.Response:
        """A new import, and the form's fields."""
        await self._studio.run(self._clean)
        while len(self._open) >= OPEN:
            oldest = self._open.pop(next(iter(self._open)))
            await self._studio.run(shutil.rmtree, oldest.folder, True)
        made = _Import(self._folder / secrets.token_hex(8))
        await self._studio.run(lambda: made.folder.mkdir(parents=True))
        self._open[made.id] = made
        return answer({"id": made.id, "fields": fields()})

    async def files(self, request: web.Request) -> web.Response:
        """Some of the files: parts of a form, whose file names may have folders."""
        one = self._of(request)
        if not request.content_type.startswith("multipart/"):
            raise BadRequest("files come as a form")
        with reading_form():
            await self._take(one, request)
        return answer({"files": one.drop.files, "bytes": one.drop.bytes})

    async def _take(self, one: _Import, request: web.Request) -> None:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise BadRequest("files come one by one")
            if not part.filename:
                continue
            with one.drop.file(part.filename) as file:
                while block := await part.read_chunk(BLOCK):
                    one.drop.count(len(block))
                    if file:
                        await self._studio.run(file.write, block)

    async def read(self, request: web.Request) -> web.Response:
        """What is understood of the files, and what would be made of them."""
        one = self._of(request)
        values = (await read_json(request, {"options": dict}))["options"]
        return answer(await self._studio.run(self._read, one, values))

    def _read(self, one: _Import, values: dict[str, Any]) -> dict[str, Any]:
        options, prepared = options_of(values)
        with one.lock:
            one.unpack()
            source = one.drop.source()
            found: dict[str, Any] = {"files": one.drop.files, "notes": [], "problem": ""}
            try:
                dataset, options = load(source, options)
            except DataError as error:
                return {**found, "problem": self._plain(one, str(error))}
            seen = told(look(dataset, prepared))
            seen["problem"] = ""  # one class is enough to be imported
            try:
                made, notes = pieces(source, dataset, options, dict(prepared.full_scale))
            except DataError as error:
                seen["problem"], made, notes = str(error), [], []
        seen["notes"] = [*notes, *one.drop.left_out]
        whole = {**found, **seen, "plan": plan(made), "makes": len(made)}
        whole["there"] = count_there(made, self._catalogue.look().items)
        return without_folder(whole, one.drop.folder)

    def _plain(self, one: _Import, text: str) -> str:
        """A message without the folder that the files are kept in."""
        short: str = without_folder(text, one.drop.folder)
        short = short.replace(str(one.drop.folder), "what was dropped")
        return short.replace(", ".join(kinds()), ", ".join((*kinds(), ".zip")))

    async def write(self, request: web.Request) -> web.Response:
        """Make recordings of the files; then they are deleted here."""
        one = self._of(request)
        values = (await read_json(request, {"options": dict}))["options"]
        return answer(await self._studio.run(self._write, one, values))

    def _write(self, one: _Import, values: dict[str, Any]) -> dict[str, Any]:
        options, prepared = options_of(values)
        said = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal said
            if done == total or time.monotonic() - said > TOLD:
                said = time.monotonic()
                message = {"id": one.id, "done": done, "total": total}
                self._studio.bus.publish("data_import", message)

        with one.lock:
            one.unpack()
            try:
                source = one.drop.source()
                dataset, options = load(source, options)
                made, _ = pieces(source, dataset, options, dict(prepared.full_scale))
            except DataError as error:
                raise DataError(self._plain(one, str(error))) from error
            paths = write(self._studio.data, made, progress)
            what = "1 file" if len(paths) == 1 else f"{len(paths):,} files"
            edit = self._edits.added(f"{what} imported", paths)
            self._open.pop(one.id, None)
            shutil.rmtree(one.folder, ignore_errors=True)
        return {"id": edit.id, "title": edit.title, "files": len(paths)}

    async def end(self, request: web.Request) -> web.Response:
        """Delete dropped files."""
        one = self._open.pop(request.match_info["id"], None)
        if one:
            await self._studio.run(shutil.rmtree, one.folder, True)
        return answer({})
