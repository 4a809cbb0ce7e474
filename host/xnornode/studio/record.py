"""Recording on a page: what is asked for, how it sounds and looks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from aiohttp import web

from xnornode.data.recording_file import RecordFile, from_bytes, read_recording
from xnornode.data.recording_folder import count_classes, kept
from xnornode.data.recording_groups import group_warning
from xnornode.data.sound import to_wav
from xnornode.errors import DataError
from xnornode.link.messages import Streaming
from xnornode.link.recorder import port_fault
from xnornode.studio.app import Studio
from xnornode.studio.data_paths import inside
from xnornode.studio.record_desk import Desk, Wish
from xnornode.studio.requests import answer, read_json

COLUMNS = 240
"""Of a small picture of a recording."""
CHANNELS = 8
"""Of a small picture at most."""
MOST_NAMES = 500
"""Classes, and groups, that a page is told of at most."""
WISH: dict[str, Any] = {
    "label": str,
    "group": (str, ""),
    "seconds": (float, 10.0),
    "repeat": (int, 1),
    "pause": (float, 3.0),
    "allow_loss": (bool, False),
    "button": (bool, False),
}


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    desk = Desk(studio)
    studio.closing.append(desk.close)

    async def about(request: web.Request) -> web.Response:
        await studio.run(desk.forget_gone)
        return answer({"state": desk.state, **await studio.run(_account, studio)})

    async def start(request: web.Request) -> web.Response:
        wish = Wish(**await read_json(request, WISH))
        await studio.run(desk.start, wish)
        return answer({})

    async def stop(request: web.Request) -> web.Response:
        await studio.run(desk.stop)
        return answer({})

    async def undo(request: web.Request) -> web.Response:
        body = await read_json(request, {"path": (str, None)})
        return answer({"path": await studio.run(desk.undo, body["path"])})

    async def wav(request: web.Request) -> web.StreamResponse:
        data = await studio.run(_wav, studio, request.query.get("path", ""))
        return _part(request, data)

    async def shape(request: web.Request) -> web.Response:
        return answer(await studio.run(_shape, studio, request.query.get("path", "")))

    return [
        web.get("/api/record", about),
        web.post("/api/record/start", start),
        web.post("/api/record/stop", stop),
        web.post("/api/record/undo", undo),
        web.get("/api/record/wav", wav),
        web.get("/api/record/shape", shape),
    ]


def _account(studio: Studio) -> dict[str, Any]:
    """What there is of each class, the groups in use, and whether the node's port is too slow."""
    there = [*kept(studio.data)]
    groups = sorted({r.group for r in there if r.group})
    fault = ""
    if sensor := studio.link.state().get("sensor"):
        fault = port_fault(Streaming(None, **sensor))
    return {
        "classes": [asdict(facts) for facts in count_classes(there)[:MOST_NAMES]],
        "groups": groups[:MOST_NAMES],
        "port_fault": fault,
        "group_warnings": {
            "with": group_warning([r.group for r in there], "a"),
            "without": group_warning([r.group for r in there], ""),
        },
    }


def _read(studio: Studio, key: str) -> RecordFile:
    path = inside(studio, key)
    return from_bytes(read_recording(path), str(path))


def _wav(studio: Studio, key: str) -> bytes:
    """A recording of one channel as sound. Raises XnorNodeError."""
    record = _read(studio, key)
    if len(record.channels) != 1:
        raise DataError(f"{key} has {len(record.channels)} channels: it is no sound")
    return to_wav(record.recording.samples, max(1, round(record.rate_mhz / 1000)))


def _part(request: web.Request, data: bytes) -> web.Response:
    """Sound, or the part of it that a browser asks for, as it does to go to another place."""
    headers = {"Accept-Ranges": "bytes"}
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(None)
    if asked.start is None:
        return web.Response(body=data, content_type="audio/wav", headers=headers)
    start, stop, _ = asked.indices(len(data))
    if start >= stop:
        headers["Content-Range"] = f"bytes */{len(data)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return web.Response(
        status=206, body=data[start:stop], content_type="audio/wav", headers=headers
    )


def _shape(studio: Studio, key: str) -> dict[str, Any]:
    """The range of each channel in each column of a small picture, in units."""
    record = _read(studio, key)
    samples = record.recording.samples
    starts = np.unique(np.linspace(0, len(samples), COLUMNS, endpoint=False).astype(int))
    units = np.array([scale * 1e-9 or 1.0 for scale in record.scales])[:CHANNELS]
    low, high = (
        (function.reduceat(samples, starts, axis=0)[:, :CHANNELS] * units).T
        for function in (np.minimum, np.maximum)
    )
    return {
        "channels": [name[:80] for name in record.channels[:CHANNELS]],
        "left_out": max(0, len(record.channels) - CHANNELS),
        "seconds": record.seconds,
        "low": low.round(6).tolist(),
        "high": high.round(6).tolist(),
        "breaks": [at / max(1, len(samples)) for at in record.breaks],
    }
