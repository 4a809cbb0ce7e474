"""The Node page: what is plugged in, set-up, sensor, update, and what is wrong."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from xnornode import __version__
from xnornode.errors import XnorNodeError
from xnornode.link.addresses import LINES, Port
from xnornode.studio import nodes_files
from xnornode.studio.app import Studio
from xnornode.studio.nodes_ports import PortWatch, arguments
from xnornode.studio.nodes_sensors import forms, pins, sensor_arguments
from xnornode.studio.nodes_setup import FIELDS, flash_arguments
from xnornode.studio.requests import answer, read_json

BOOT_LOADER = "boot loader"
"""In place of a port: a Pico that shows its drive."""


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    page = NodePage(studio)
    page.watch.start()
    studio.closing.append(page.watch.close)
    return [
        web.get("/api/node", page.about),
        web.post("/api/node/choose", page.choose),
        web.post("/api/node/forget", page.forget),
        web.post("/api/node/file", page.file),
        web.post("/api/node/flash", page.flash),
        web.post("/api/node/sensor", page.sensor),
        web.post("/api/node/update", page.update),
        web.post("/api/node/doctor", page.doctor),
    ]


class NodePage:
    """Handles what the Node page asks for. Commands run as jobs.

    Parameters
    ----------
    studio : Studio
        What is served.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.watch = PortWatch(studio)

    async def about(self, request: web.Request) -> web.Response:
        """What the forms are made of."""
        machine = self._machine()
        return answer(
            {
                "version": __version__,
                "models": await self._studio.run(nodes_files.models, self._studio.kept),
                "kinds": forms(),
                "pins": pins(machine),
                "lines": LINES,
                **await self._studio.run(self.watch.look),
            }
        )

    async def choose(self, request: web.Request) -> web.Response:
        """Follow the node on another port, or none."""
        body = await read_json(
            request, {"port": (str, None), "baud": (int, None), "lines": (str, None)}
        )
        await self._studio.run(self.watch.choose, body["port"], body["baud"], body["lines"])
        return answer({"port": self._studio.link.port})

    async def forget(self, request: web.Request) -> web.Response:
        """Take a port that was typed in off the list."""
        body = await read_json(request, {"port": str})
        await self._studio.run(self.watch.forget, body["port"])
        return answer({})

    async def file(self, request: web.Request) -> web.Response:
        """Keep a file of firmware, or a model, for the next set-up."""
        return answer(await nodes_files.take(request, self._studio.kept, self._studio.run))

    async def flash(self, request: web.Request) -> web.Response:
        """Set the board up, or say what would be done."""
        form = await read_json(request, FIELDS)
        port = self._studio.link.port
        argv = await self._studio.run(flash_arguments, form, self._studio.kept, port)
        if form["dry_run"]:
            return await self._start("plan", argv, "What would be done", alone=False)
        where = port or BOOT_LOADER
        return await self._start("flash", argv, f"Setting up the board on {where}")

    async def sensor(self, request: web.Request) -> web.Response:
        """Set the node's sensor, try one, show it, or forget it."""
        body = await read_json(
            request, {"do": str, "kind": (str, ""), "settings": (dict, {}), "reset": (bool, False)}
        )
        argv, port = ["sensor"], self._named()
        if body["do"] in ("set", "try"):
            argv += sensor_arguments(body["kind"], body["settings"], self._machine())
        title = {
            "set": f"Setting the sensor {body['kind']}",
            "try": f"Trying the sensor {body['kind']}",
            "remove": "Forgetting the sensor",
        }.get(body["do"], "Reading the sensor")
        argv += arguments(port)
        argv += {"try": ["--dry-run"], "remove": ["--remove"]}.get(body["do"], [])
        return await self._start("sensor", argv + ["--reset"] * body["reset"], title)

    async def update(self, request: web.Request) -> web.Response:
        """Bring the node's library up to date, or back."""
        body = await read_json(request, {"rollback": (bool, False), "reset": (bool, False)})
        argv = ["update", *arguments(self._named())]
        argv += ["--rollback"] * body["rollback"] + ["--reset"] * body["reset"]
        title = "Back to the library before" if body["rollback"] else "Updating the library"
        return await self._start("update", argv, title)

    async def doctor(self, request: web.Request) -> web.Response:
        """Look for what is wrong. It works without a port, too."""
        body = await read_json(request, {"reset": (bool, False)})
        argv = ["doctor", "--json", *arguments(self._studio.link.port)]
        return await self._start(
            "doctor", argv + ["--reset"] * body["reset"], "Looking the node over"
        )

    def _named(self) -> Port:
        """The chosen port. Raises XnorNodeError."""
        if self._studio.link.port is None:
            raise XnorNodeError("no node is chosen: plug a board in, or name its port")
        return self._studio.link.port

    def _machine(self) -> str:
        """What the chosen board calls itself, as far as it has said so."""
        return str(self._studio.link.state().get("hello", {}).get("machine", ""))

    async def _start(
        self, kind: str, argv: list[str], title: str, alone: bool = True
    ) -> web.Response:
        port = self._studio.link.port
        key = f"node:{port or BOOT_LOADER}" if alone else None

        def start() -> dict[str, Any]:
            self._tidy(kind)
            about = {"port": port}
            return self._studio.jobs.start(kind, argv, title, about=about, exclusive=key).public()

        return answer({"job": await self._studio.run(start)})

    def _tidy(self, kind: str) -> None:
        """Forget earlier jobs of this kind: they would crowd out the trainings."""
        for job in self._studio.jobs.list():
            if job.kind == kind and job.state != "running":
                self._studio.jobs.remove(job.id)
