"""The data page: what there is, and what a person does with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from xnornode.errors import DataError
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import empty_bin, from_bin, in_bin
from xnornode.studio.data_edit import Edit, Edits
from xnornode.studio.data_import_routes import routes as import_routes
from xnornode.studio.data_list import Catalogue, Item, Listing
from xnornode.studio.data_map_routes import routes as map_routes
from xnornode.studio.data_paths import inside
from xnornode.studio.data_signal import image_of, read_signal, shown, sound_of, text_of
from xnornode.studio.data_understood import Understanding
from xnornode.studio.requests import BadRequest, answer, query_number, read_json

PAGE = 200
"""Files of one answer at most."""
POINTS = 2000
"""Points of a signal at most."""
MOST_CHOSEN = 20_000
"""Files that one request changes."""
LONGEST_NAME = 1000
FRESH = {"Cache-Control": "private, max-age=3600"}
"""A version in the address changes with the file."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    page = _Data(studio)
    return [
        web.get("/api/data", page.list),
        web.get("/api/data/signal", page.signal),
        web.get("/api/data/image", page.image),
        web.get("/api/data/sound", page.sound),
        web.get("/api/data/text", page.text),
        web.get("/api/data/understood", page.understood),
        web.post("/api/data/relabel", page.relabel),
        web.post("/api/data/delete", page.delete),
        web.post("/api/data/cut", page.cut),
        web.post("/api/data/undo", page.undo),
        web.get("/api/data/bin", page.bin),
        web.post("/api/data/bin/restore", page.restore),
        web.post("/api/data/bin/empty", page.empty),
        *import_routes(studio, page.edits, page.catalogue),
        *map_routes(studio, page.catalogue),
    ]


class _Data:
    """Answers requests about one folder."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.catalogue = Catalogue(studio.data)
        self.edits = Edits(studio)
        self._understanding = Understanding()

    async def list(self, request: web.Request) -> web.Response:
        """Files by class and group; some of them in full."""
        offset = query_number(request, "offset", 0)
        count = query_number(request, "count", PAGE, 0, PAGE)
        listing = await self._studio.run(self.catalogue.look)
        return answer(await self._studio.run(self._told, listing, request, offset, count))

    def _told(
        self, listing: Listing, request: web.Request, offset: int, count: int
    ) -> dict[str, Any]:
        found = _chosen(listing, request)
        last = self.edits.last
        return {
            "folder": str(listing.folder),
            "mark": listing.mark[:16],
            "total": len(listing.items),
            "seconds": round(sum(item.facts.seconds for item in listing.items), 3),
            "classes": listing.classes(),
            "groups": listing.groups(),
            "damaged": sum(bool(item.facts.problem) for item in listing.items),
            "odd": listing.odd_words(),
            "mixed": listing.mixed(),
            "left_out": list(listing.left_out),
            "in_bin": len(in_bin(self._studio)),
            "undo": {"id": last.id, "title": last.title} if last else None,
            "found": len(found),
            "items": [item.told(listing.folder) for item in found[offset : offset + count]],
        }

    async def signal(self, request: web.Request) -> web.Response:
        """The samples of a file, as many as a chart shows."""
        points = query_number(request, "points", POINTS, 2, POINTS)
        which = query_number(request, "which", 0)
        first, last = query_number(request, "first", 0), query_number(request, "last", 1 << 40)

        def work() -> dict[str, Any]:
            signal = read_signal(inside(self._studio, request.query.get("path", "")), which)
            return shown(signal, first, last, points)

        return answer(await self._studio.run(work))

    async def image(self, request: web.Request) -> web.Response:
        """An image."""
        path = inside(self._studio, request.query.get("path", ""))
        data, media = await self._studio.run(image_of, path, "small" in request.query)
        return web.Response(body=data, content_type=media, headers=FRESH)

    async def sound(self, request: web.Request) -> web.Response:
        """A recording of sound, as WAV."""
        path = inside(self._studio, request.query.get("path", ""))
        data = await self._studio.run(sound_of, path)
        return web.Response(body=data, content_type="audio/wav", headers=FRESH)

    async def text(self, request: web.Request) -> web.Response:
        """The first letters of a text."""
        path = inside(self._studio, request.query.get("path", ""))
        return answer({"text": await self._studio.run(text_of, path)})

    async def understood(self, request: web.Request) -> web.Response:
        """What a training would understand of the whole folder."""
        listing = await self._studio.run(self.catalogue.look)
        return answer(await self._studio.run(self._understanding.of, listing))

    async def relabel(self, request: web.Request) -> web.Response:
        """Another label or group, or both."""
        keys = {"items": list, "label": (str, None), "group": (str, None)}
        body = await read_json(request, keys)
        for name in ("label", "group"):
            if body[name] is not None and len(body[name]) > LONGEST_NAME:
                raise BadRequest(f"the {name} is too long")
        return await self._edited(body["items"], self.edits.relabel, body["label"], body["group"])

    async def delete(self, request: web.Request) -> web.Response:
        """Into the bin."""
        body = await read_json(request, {"items": list})
        return await self._edited(body["items"], self.edits.delete)

    async def cut(self, request: web.Request) -> web.Response:
        """Parts of a recording in place of the whole."""
        body = await read_json(request, {"item": dict, "parts": list})
        parts = [
            (p[0], p[1])
            for p in body["parts"][:100]
            if isinstance(p, list) and len(p) == 2 and all(type(n) is int for n in p)
        ]
        if not parts or len(parts) != len(body["parts"]):
            raise BadRequest("the parts are no pairs of whole numbers")
        return await self._edited([body["item"]], lambda items: self.edits.cut(items[0], parts))

    async def undo(self, request: web.Request) -> web.Response:
        """Undo an edit."""
        body = await read_json(request, {"id": str})
        title, problems = await self._studio.run(self.edits.undo, body["id"])
        return answer({"title": title, "problems": problems[:20]})

    async def bin(self, request: web.Request) -> web.Response:
        """What the bin has."""
        entries = await self._studio.run(in_bin, self._studio)
        rows = [vars(entry) for entry in entries[:MOST_CHOSEN]]
        return answer({"entries": rows, "bytes": sum(entry.bytes for entry in entries)})

    async def restore(self, request: web.Request) -> web.Response:
        """Bring files back."""
        ids = _texts((await read_json(request, {"ids": list}))["ids"])

        def work() -> int:
            for id in ids:
                from_bin(self._studio, id)
            return len(ids)

        return answer({"restored": await self._studio.run(work)})

    async def empty(self, request: web.Request) -> web.Response:
        """Delete for good."""
        body = await read_json(request, {"ids": (list, None)})
        ids = None if body["ids"] is None else _texts(body["ids"])

        def work() -> int:
            try:
                return empty_bin(self._studio, ids)
            finally:
                self.edits.forget_gone()

        return answer({"deleted": await self._studio.run(work)})

    async def _edited(
        self, wanted: Sequence[Any], run: Callable[..., Edit], *args: Any
    ) -> web.Response:
        """The answer to an edit of some files."""
        keys = [_key(item) for item in wanted[:MOST_CHOSEN]]

        def work() -> Edit:
            known = {item.key: item for item in self.catalogue.look().items}
            return run([_seen(known, *key) for key in keys], *args)

        edit = await self._studio.run(work)
        told = {"id": edit.id, "title": edit.title, "paths": list(edit.keys)}
        return answer({**told, "problems": list(edit.problems[:20])})


def _key(item: Any) -> tuple[str, str]:
    """Which file, and as which version a page has shown it."""
    if isinstance(item, dict):
        path, version = item.get("path"), item.get("version")
        if isinstance(path, str) and isinstance(version, str):
            return path, version
    raise BadRequest("a file is named by its path and version")


def _seen(known: dict[str, Item], key: str, version: str) -> Item:
    """The file as a page has shown it. Raises DataError if it is not so any more."""
    item = known.get(key)
    if not item:
        raise DataError(
            f"{key} is not there any more: another page or program has moved or deleted it"
        )
    if item.version != version:
        raise DataError(
            f"{key} has changed since this page showed it: another page or program has written "
            "it. Look at it again"
        )
    return item


def _texts(values: Sequence[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values[:MOST_CHOSEN]):
        raise BadRequest("these are no names of the bin")
    return list(values[:MOST_CHOSEN])


def _chosen(listing: Listing, request: web.Request) -> Sequence[Item]:
    """The files that a page asks for."""
    items: Sequence[Item] = listing.items
    for name in ("label", "group"):
        if (wanted := request.query.get(name)) is not None:
            items = [item for item in items if getattr(item, name) == wanted]
    match request.query.get("only", ""):
        case "damaged":
            items = [item for item in items if item.facts.problem]
        case "odd":
            items = listing.odd()
        case "remarks":
            items = [item for item in items if item.facts.remarks]
    if word := request.query.get("word", "").casefold():
        names = [item.path.relative_to(listing.folder).as_posix() for item in items]
        items = [i for i, name in zip(items, names, strict=True) if word in name.casefold()]
    if path := request.query.get("path"):
        items = [item for item in items if item.key == path]
    return items
