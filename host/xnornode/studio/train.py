"""TODO."""

from __future__ import annotations

from aiohttp import web

from xnornode.studio.app import Studio


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    return []
