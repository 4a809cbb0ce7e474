"""The feature map: made in a thread, for as long as somebody wants it."""

from __future__ import annotations

import threading
from typing import Any

from aiohttp import web

from xnornode.datasets.load import load_dataset
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_list import Catalogue, Listing
from xnornode.studio.data_map import make_map
from xnornode.studio.data_paths import without_folder
from xnornode.studio.requests import answer


class _Stopped(Exception):
    """Ends the work."""


def routes(studio: Studio, catalogue: Catalogue) -> list[web.AbstractRouteDef]:
    """Those of the map."""
    maps = _Maps(studio, catalogue)
    return [
        web.get("/api/data/map", maps.get),
        web.post("/api/data/map", maps.start),
        web.post("/api/data/map/stop", maps.stop),
    ]


class _Maps:
    """The last map, and the one that is being made. One at a time."""

    def __init__(self, studio: Studio, catalogue: Catalogue) -> None:
        self._studio, self._catalogue = studio, catalogue
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._state: dict[str, Any] = {"state": "none"}
        self._mark = ""
        studio.closing.append(self._ends.set)

    async def get(self, request: web.Request) -> web.Response:
        """The map, or how far it is; `old` where files have changed since."""
        listing = await self._studio.run(self._catalogue.look)
        with self._lock:
            return answer({**self._state, "old": listing.mark != self._mark})

    async def start(self, request: web.Request) -> web.Response:
        """Make a map, unless this one is there or is being made."""
        listing = await self._studio.run(self._catalogue.look)
        with self._lock:
            state = self._state["state"]
            if state != "running" and not (state == "done" and listing.mark == self._mark):
                self._ends.clear()
                self._mark = listing.mark
                self._state = {"state": "running", "share": 0.0, "text": "reading the files"}
                threading.Thread(target=self._make, args=(listing,), daemon=True).start()
            return answer(self._state)

    async def stop(self, request: web.Request) -> web.Response:
        """Stop making it."""
        self._ends.set()
        return answer({})

    def _make(self, listing: Listing) -> None:
        try:
            if not listing.items:
                raise DataError("there is nothing to map yet")
            self._told(0.0, "reading the files")
            dataset = load_dataset(listing.folder, skip=True)  # what is damaged is shown elsewhere
            made = make_map(dataset, listing.folder, self._told)
            found = {"state": "done", "map": without_folder(made, listing.folder)}
        except _Stopped:
            found = {"state": "stopped"}
        except (XnorNodeError, OSError) as error:
            found = {"state": "failed", "problem": without_folder(str(error), listing.folder)}
        except MemoryError:
            found = {"state": "failed", "problem": "this computer's memory is too small for that"}
        with self._lock:
            self._state = found
        self._studio.bus.publish("data_map", {"state": found["state"]})

    def _told(self, share: float, text: str) -> None:
        if self._ends.is_set():
            raise _Stopped
        state = {"state": "running", "share": round(share, 3), "text": text}
        with self._lock:
            self._state = state
        self._studio.bus.publish("data_map", state)
