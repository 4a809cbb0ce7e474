"""The page Fleet: all nodes on an MQTT broker, watched while the page is open."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from xnornode.studio.app import Studio
from xnornode.studio.fleet_watch import FleetWatch
from xnornode.studio.requests import answer, read_json
from xnornode.studio.settings import Settings

TOPIC = "fleet"


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    watch = FleetWatch(Settings(studio.kept), studio.bus.publish)
    studio.bus.watch(TOPIC, watch.wanted)
    studio.closing.append(watch.close)

    async def get(request: web.Request) -> web.Response:
        return answer(await studio.run(watch.asked))

    async def choose(request: web.Request) -> web.Response:
        given = await read_json(
            request,
            {
                "host": str,
                "port": (int, 0),
                "user": (str, ""),
                "password": (str, ""),
                "tls": (bool, False),
                "prefix": (str, "xnornode"),
            },
        )
        return answer(await studio.run(_chosen, watch, given))

    async def leave(request: web.Request) -> web.Response:
        return answer(await studio.run(watch.leave))

    return [
        web.get("/api/fleet", get),
        web.post("/api/fleet", choose),
        web.post("/api/fleet/leave", leave),
    ]


def _chosen(watch: FleetWatch, given: dict[str, Any]) -> dict[str, Any]:
    watch.choose(**given)
    return watch.asked()
