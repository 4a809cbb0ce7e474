"""Ports and jobs that stand in for real ones."""

from types import SimpleNamespace
from typing import Any

import pytest

from xnornode.cli.main import _parser
from xnornode.studio import jobs as studio_jobs
from xnornode.studio import nodes_ports


@pytest.fixture
def plugged(monkeypatch):
    """The list of what is plugged in, which a test changes."""
    found: list[SimpleNamespace] = []
    monkeypatch.setattr(nodes_ports.list_ports, "comports", lambda: [*found])
    monkeypatch.setattr(nodes_ports, "LOOK", 0.05)
    monkeypatch.delenv("XNORNODE_PORT", raising=False)
    return found


@pytest.fixture
def commands(monkeypatch):
    """The arguments of each job that was begun; none of them runs."""
    begun: list[list[str]] = []

    def start(self: Any, kind: str, argv: list[str], title: str, **more: Any) -> Any:
        begun.append(argv)
        _parser(argv).parse_args(argv)  # the command takes it
        return SimpleNamespace(public=lambda: {"argv": argv, "title": title, **more})

    monkeypatch.setattr(studio_jobs.Jobs, "start", start)
    return begun
