"""The Live page: signal and predictions on one time axis, what runs, and corrections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from xnornode.data.recording_folder import add_recording, next_name
from xnornode.errors import XnorNodeError
from xnornode.link.addresses import Port
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Models, Streaming
from xnornode.link.parsing import expect
from xnornode.link.recorder import Recorder, port_fault
from xnornode.link.recording import Block
from xnornode.link.timing import COMMAND
from xnornode.model.model_file import load_model
from xnornode.studio.app import Studio
from xnornode.studio.data_paths import is_hidden, key_of, tell_change
from xnornode.studio.live_ring import SECONDS, Ring
from xnornode.studio.models_kept import result_of
from xnornode.studio.node_link import encoded
from xnornode.studio.nodes_ports import arguments
from xnornode.studio.requests import BadRequest, answer, read_json
from xnornode.studio.train import kept_models
from xnornode.studio.train_command import MODEL

SHORTEST = 0.05
"""Seconds of a correction at least."""
SILENT = (
    "the node has not said what it runs. Its sensor can be asked, which interrupts a program that "
    "does not answer"
)
MOST_LABELS = 500
"""Labels and groups that are proposed."""


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    live = Live(studio)
    studio.closing.append(live.close)

    async def get_models(request: web.Request) -> web.Response:
        return answer(await studio.run(live.models))

    async def get_names(request: web.Request) -> web.Response:
        return answer(await studio.run(live.names))

    async def post_rollback(request: web.Request) -> web.Response:
        return answer(await studio.run(live.rollback))

    async def post_signal(request: web.Request) -> web.Response:
        await studio.run(live.again)
        return answer({})

    async def post_keep(request: web.Request) -> web.Response:
        keys = {"label": str, "group": (str, ""), "seconds": float}
        body = await read_json(request, keys | {"stream": (int, None), "until": (int, None)})
        return answer(await studio.run(live.keep, body))

    return [
        web.get("/api/live/models", get_models),
        web.get("/api/live/names", get_names),
        web.post("/api/live/rollback", post_rollback),
        web.post("/api/live/signal", post_signal),
        web.post("/api/live/keep", post_keep),
    ]


class Live:
    """Follows the samples of the node while a Live page is open.

    Parameters
    ----------
    studio : Studio
        Its topic `live` gets the samples, and why there are none.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.ring = Ring()
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._port: Port | None = None
        self._told = ""
        studio.bus.watch("live", self._wanted)
        studio.bus.publish("live-problem", {"problem": "", "silent": False}, keep=True)

    def close(self) -> None:
        """Listen to the node no more."""
        self._wanted(False)

    def again(self) -> None:
        """Get a signal that was left alone so far."""
        self._tell("")
        if self._studio.bus.wanted("live"):
            self._listen()

    def _wanted(self, wanted: bool) -> None:
        """The first Live page was opened, or the last one closed."""
        if not wanted:
            self._end()
            self.ring.clear()
        elif self._knows_node():
            if not self._left_alone():
                self._listen()
        else:  # a stream would begin with a Ctrl-C
            self._tell(SILENT, silent=True)

    def _listen(self) -> None:
        with self._lock:
            if self._stop is None:
                self._stop = self._studio.link.listen(self._heard)

    def _end(self) -> None:
        with self._lock:
            stop, self._stop = self._stop, None
        if stop:  # it may wait for the port, and is called in the thread that it ends
            threading.Thread(target=stop, daemon=True).start()

    def _knows_node(self) -> bool:
        """Whether it has said what it runs."""
        state = self._studio.link.state()
        return "hello" in state or "ready" in state

    def _left_alone(self) -> bool:
        """Whether the node's signal would have its program pause."""
        if self._told not in ("", SILENT) and self._port == self._studio.link.port:
            return True
        self._tell("")
        return False

    def _tell(self, problem: str, silent: bool = False) -> None:
        if problem == self._told:
            return
        self._told = problem
        self._studio.bus.publish("live-problem", {"problem": problem, "silent": silent}, keep=True)

    def _heard(self, info: Streaming, block: Block | None) -> None:
        if block is None:
            self.ring.cut()
            return
        with self._lock:
            if self._stop is None:  # it ends already
                return
        port = self._studio.link.port
        if port != self._port:
            self._port = port
            self.ring.clear()
        if problem := self._problem(info):
            self._leave_alone(problem)
            return
        now = time.time()
        stream = self.ring.add(info, block, now)
        self._studio.bus.publish(
            "live",
            {
                "stream": stream,
                "channels": info.channels,
                "scales": info.scales,
                "rate": info.rate_mhz / 1000,
                "taken": block.taken,
                "ms": block.ms,
                "time": now,
                "samples": encoded(block.samples),
                "lost": block.lost,
                "broken": block.broken,
            },
        )

    def _problem(self, info: Streaming) -> str:
        """Why the signal costs more than it is worth here; empty if it does not."""
        state = self._studio.link.state()
        hello = state.get("hello")
        runs = hello["running"] if hello else "ready" in state
        if runs and not info.classifies:
            return (
                f"this sensor gives {info.rate_mhz / 1000:,.0f} samples a second, and while a node "
                "sends so many, it does not classify: so only its predictions are shown. The page "
                "Record shows the signal"
            )
        return port_fault(info)

    def _leave_alone(self, problem: str) -> None:
        """End a stream that disturbs the predictions."""
        self._tell(problem)
        self._end()

    def _node(self) -> Port:
        port = self._studio.link.port
        if port is None:
            raise XnorNodeError("no node is chosen: plug one in, and choose it on the page Node")
        return port

    def models(self) -> dict[str, Any]:
        """What the node has, as `xnornode list` says it."""
        with connect(self._node(), limit=Deadline(COMMAND)) as session:
            found = expect(Models, session.request("list"))
            hello = session.hello
        fields = asdict(found)
        del fields["id"]
        about = self._kept(found.active.sha256) if found.active else None
        window = about.pop("window") if about else None
        before = self._kept(found.previous.sha256) if found.previous else None
        more = {"library": hello.library, "signed": hello.signed, "kept": about, "window": window}
        more["kept_before"] = before and before["name"]
        return {**fields, **more}

    def _kept(self, sha256: str) -> dict[str, Any] | None:
        """What is known here of a model that a node has; None if it was not kept."""
        for place in _folders(kept_models(self._studio).folder):
            result = result_of(place)
            if result and result.get("sha256") == sha256:
                w = load_model(place / MODEL).window
                seconds = 1000 * w.length / w.rate_mhz if w.rate_mhz else None
                fields = {key: result[key] for key in ("bytes", "ram", "times", "labels")}
                return {"name": place.name, "window": seconds, **fields}
        return None

    def rollback(self) -> dict[str, Any]:
        """Have the node run the model before: a job, as it may wait for other commands."""
        port = self._node()
        argv = ["rollback", *arguments(port)]
        title, key = "Back to the model before", f"node:{port}"
        about = {"port": str(port)}
        job = self._studio.jobs.start("rollback", argv, title, about=about, exclusive=key)
        return {"job": job.public()}

    def names(self) -> dict[str, Any]:
        """Labels and groups that recordings have, by their folders."""
        labels = _folders(self._studio.data)
        groups = {group.name for label in labels for group in _folders(label)}
        return {
            "labels": [label.name for label in labels],
            "groups": sorted(groups)[:MOST_LABELS],
            "seconds": SECONDS,
        }

    def keep(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Write the last samples as a recording. Raises XnorNodeError, OSError."""
        seconds, group = wish["seconds"], wish["group"].strip()
        if not SHORTEST <= seconds <= SECONDS:
            raise BadRequest(f"keep {SHORTEST:g} to {SECONDS:g} seconds")
        label = wish["label"].strip()
        if not label:
            raise BadRequest("say what it was: the label is empty")
        take = self.ring.take(seconds, wish["stream"], wish["until"])
        folder = self._studio.data
        recorder = Recorder(folder, label, group, take.seconds)
        recorder.check_sensor(take.info)
        name = next_name(folder, recorder.label, recorder.group)
        record = take.file(name, recorder.label, recorder.group)
        path = add_recording(folder, record)
        tell_change(self._studio)
        return {
            "path": key_of(path.relative_to(folder)),
            "seconds": record.seconds,
            "breaks": len(record.breaks),
            "warnings": [*take.warnings(), *recorder.warnings],
        }


def _folders(place: Path) -> list[Path]:
    """The folders in a folder that readers of data look into, in part where there are many."""
    if not place.is_dir():
        return []
    found = (path for path in place.iterdir() if not is_hidden(path.name) and path.is_dir())
    return sorted(found)[:MOST_LABELS]
