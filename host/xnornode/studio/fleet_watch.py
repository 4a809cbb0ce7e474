"""A broker that the page Fleet watches: which one, and what it says of its nodes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from xnornode.errors import LinkError, XnorNodeError
from xnornode.fleet.status import hour_figures, rollout_facts, row_of
from xnornode.fleet.view import FleetView
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import (
    FILE_VARIABLE,
    BrokerSettings,
    broker_settings,
    from_table,
)
from xnornode.link.mqtt_topics import Topics
from xnornode.studio.settings import Settings

KEPT = "fleet"
"""Its name in the studio's settings."""
EACH, EACH_OF_MANY = 1.0, 5.0
"""Seconds between two messages to pages; of fleets with more than MANY nodes."""
MANY = 200
MOST = 2000
"""Nodes that a page gets at most."""
CLOSE_SECONDS = 2.0


class FleetWatch:
    """Watches a broker while a page wants it.

    The password of a broker that a page has named stays in memory. What the environment or its file
    says goes to the broker that they name, and to no other one.

    Parameters
    ----------
    settings : Settings
        Remembers the broker.
    publish : callable
        Gets a topic of the bus, a message, and whether it is kept.
    """

    def __init__(
        self, settings: Settings, publish: Callable[[str, dict[str, Any], bool], None]
    ) -> None:
        self._settings, self._publish = settings, publish
        self._lock = threading.Lock()
        self._password = ""
        self._wanted = self._closed = False
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def choose(
        self, host: str, port: int, user: str, password: str, tls: bool, prefix: str
    ) -> None:
        """Watch this broker from now on. Raises LinkError if it can be none."""
        named = BrokerSettings(host, port, user, "", tls, prefix=prefix)
        kept = {name: getattr(named, name) for name in ("host", "port", "user", "tls", "prefix")}
        with self._lock:
            self._settings.set(KEPT, kept)
            self._password = password
        self._begin_again()

    def leave(self) -> dict[str, Any]:
        """Forget the broker."""
        with self._lock:
            self._settings.set(KEPT, {})
            self._password = ""
        self._begin_again()
        return self.asked()

    def asked(self) -> dict[str, Any]:
        """What the page shows of the broker: all but the password."""
        try:
            found = self._broker()
        except LinkError as error:
            return {"broker": None, "problem": str(error)}
        if not found:
            return {"broker": None, "problem": ""}
        shown = {name: getattr(found, name) for name in ("host", "user", "tls", "prefix")}
        return {"broker": shown | {"port": found.tcp_port, "where": found.where}, "problem": ""}

    def _broker(self) -> BrokerSettings | None:
        """The broker that was chosen, or that the environment names. Raises LinkError."""
        named = any(name.startswith(FILE_VARIABLE) for name in os.environ)
        base = broker_settings() if named else None
        with self._lock:
            kept, password = self._settings.get(KEPT, {}), self._password
        if not kept:
            return base
        chosen = replace(from_table(kept, "the broker that was named here"), password=password)
        if base and (base.where, base.tls) == (chosen.where, chosen.tls):
            if not password and chosen.user in ("", base.user):
                return replace(base, prefix=chosen.prefix)
            return replace(base, user=chosen.user, password=password, prefix=chosen.prefix)
        return chosen

    def wanted(self, wanted: bool) -> None:
        """A page has come that watches, or the last one has gone."""
        self._wanted = wanted
        self._begin_again()

    def _begin_again(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._changed.set()
            if self._wanted and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End, with the studio."""
        with self._lock:
            self._closed, self._wanted = True, False
            self._changed.set()
            thread = self._thread
        if thread:
            thread.join(CLOSE_SECONDS)

    # In its own thread

    def _run(self) -> None:
        while True:
            with self._lock:
                self._changed.clear()
                if not self._wanted:
                    self._thread = None
                    return
            try:
                self._watch()
            except (XnorNodeError, OSError) as error:
                self._say({"connected": False, "why": str(error)})
                self._changed.wait()

    def _watch(self) -> None:
        """Watch the broker until something changes. Raises XnorNodeError."""
        settings = self._broker()
        if not settings:
            self._say({"connected": False, "why": ""})
            self._changed.wait()
            return
        broker, topics = Broker(settings), Topics(settings.prefix)
        view = FleetView(broker, topics, hours=True)
        said: object = None
        broker.start()
        try:
            while not self._changed.wait(EACH if len(view.nodes) <= MANY else EACH_OF_MANY):
                now = broker.connected, broker.why, view.changes
                if now != said:
                    said = now
                    self._say(facts_of(view) | {"connected": broker.connected, "why": broker.why})
        finally:
            broker.close(0.0)

    def _say(self, facts: dict[str, Any]) -> None:
        empty = {"nodes": [], "gateways": [], "rollouts": [], "problems": [], "left_out": 0}
        self._publish("fleet", {"fleet": empty | self.asked() | facts}, True)


def facts_of(view: FleetView) -> dict[str, Any]:
    """What a page shows of a fleet.

    Parameters
    ----------
    view : FleetView
        With hours.

    Returns
    -------
    dict
        `nodes`: rows with the figures of the last 24 hours; `gateways`, `rollouts`, `problems`;
        `left_out`: how many nodes are too many.
    """
    with view.lock:
        nodes = view.named(["*"])
        rows = [
            asdict(row_of(view, node))
            | {"hours": hour_figures(node.hours), "updates": view.updated_by(node)}
            for node in nodes[:MOST]
        ]
        gateways = [
            {
                "gateway": each.name,
                "there": each.online,
                "native": bool(each.state and each.state.native),
                "trouble": list(each.state.trouble) if each.state else [],
            }
            for each in view.gateways.values()
        ]
        rollouts = [rollout_facts(view, each) for each in view.rollouts.values()]
        problems = [f"{topic}: {why}" for topic, why in view.problems.items()]
    newest = sorted(rollouts, key=lambda each: -(each["time"] or 0))
    return {
        "nodes": rows,
        "left_out": max(0, len(nodes) - MOST),
        "gateways": gateways,
        "rollouts": newest[:20],
        "problems": problems[:20],
    }
