"""What the parts of the studio share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from xnornode.link.addresses import Port
from xnornode.studio.bus import Bus
from xnornode.studio.jobs import Jobs
from xnornode.studio.node_link import NodeLink

FOLDER = ".studio"
"""In the folder of the data: what the studio keeps. Readers of data skip such names."""
PARTS = ("jobs_routes", "nodes", "record", "data", "train", "models", "live", "fleet")
"""Modules of this package with `routes(studio)`."""
THREADS = 16

Result = TypeVar("Result")


class Studio:
    """The data, the node and the jobs of one running studio.

    Parameters
    ----------
    data : Path
        The folder of the recordings. It need not be there yet.
    port : Port or None
        The node's port, if the user named one.
    describe : callable
        Gives the options of a command, in groups.
    check : callable
        Raises XnorNodeError for a command line that its command refuses.

    Attributes
    ----------
    data, kept : Path
        The folder of the recordings, and the one in it with what the studio keeps.
    bus : Bus
        Carries messages to the pages.
    jobs : Jobs
        Commands that run.
    link : NodeLink
        The node.
    """

    def __init__(
        self,
        data: Path,
        port: Port | None = None,
        describe: Callable[[str], list[dict[str, Any]]] = lambda command: [],
        check: Callable[[list[str]], None] = lambda arguments: None,
    ) -> None:
        self.data = data
        self.kept = data / FOLDER
        self.bus = Bus()
        self.jobs = Jobs(self.kept / "jobs", self.bus.publish)
        self.link = NodeLink(self.bus)
        self.named_port = port
        self.describe, self.check = describe, check
        self.closing: list[Callable[[], Any]] = []
        """Called in turn when the studio ends."""
        self._threads = ThreadPoolExecutor(THREADS, "studio")

    async def run(self, function: Callable[..., Result], *args: Any) -> Result:
        """The result of a function that may take a while, which runs in a thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*args)
        )

    def routes(self) -> list[web.AbstractRouteDef]:
        """Those of all parts."""
        found: list[web.AbstractRouteDef] = []
        for name in PARTS:
            found += import_module(f"xnornode.studio.{name}").routes(self)
        return found

    def close(self) -> None:
        """Let go of the node. Jobs go on."""
        for end in reversed(self.closing):
            end()
        self.link.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


STUDIO = web.AppKey("studio", Studio)
"""Where an application of aiohttp has it."""
