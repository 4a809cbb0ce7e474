"""Commands that run for the studio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web


class Jobs:
    """Stands in until the real one is there."""

    def __init__(self, folder: Path, publish: Callable[..., Any]) -> None:
        self.folder, self.publish = folder, publish


def routes(studio: Any) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    return []
