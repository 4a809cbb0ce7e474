"""A gateway's own metrics, which Prometheus reads over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from xnornode.errors import LinkError
from xnornode.fleet.gateway_config import http_address
from xnornode.fleet.gateway_node import Node
from xnornode.link import messages, predictions
from xnornode.link.messages import Event
from xnornode.link.prometheus import Losses, Metrics, family, together

if TYPE_CHECKING:
    from xnornode.fleet.gateway import Gateway

SECONDS = 5.0
"""Seconds for a request to come, and for the gateway to answer it."""
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsServer:
    """Answers HTTP requests for `/metrics`.

    Parameters
    ----------
    where : str
        HOST:PORT.

    Raises
    ------
    LinkError
        If it cannot listen there.
    """

    def __init__(self, where: str) -> None:
        try:
            self._server = ThreadingHTTPServer(http_address(where), _Handler)
        except OSError as error:
            raise LinkError(f"`metrics` {where}: cannot listen: {error.strerror}") from error
        self._server.daemon_threads = True
        self._nodes: dict[str, Metrics] = {}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._server.server_address[1])

    def serve(self, gateway: Gateway) -> None:
        """Begin to count, and to answer."""
        gateway.watchers.append(self._heard)

        def text() -> str:
            made: list[str] = []
            if not gateway.reactor.do(lambda: made.append(self._text(gateway)), SECONDS):
                raise TimeoutError
            return made[0]

        self._server.text = text  # type: ignore[attr-defined]
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            if self._thread.is_alive():
                self._server.shutdown()
            self._server.server_close()

    def _heard(self, node: Node, event: Event, now: int) -> None:
        """Count an event. In the gateway's thread."""
        metrics = self._nodes.get(node.name)
        if metrics is None:
            metrics = self._nodes[node.name] = Metrics(node.name)
        match event:
            case messages.Prediction() as p:
                metrics.prediction(
                    predictions.Prediction(
                        now / 1000,
                        p.seq,
                        p.ms,
                        p.label,
                        p.index,
                        list(p.scores),
                        p.us,
                        node.counter.model,
                        node.counter.revision,
                        0,
                        None if p.confidence is None else p.confidence / 1000,
                        p.answer,
                    )
                )
            case messages.Detected(seq, ms, label, share):
                model, revision = node.counter.model, node.counter.revision
                metrics.detected(
                    predictions.Detected(now / 1000, seq, ms, label, share / 1000, model, revision)
                )
            case messages.Drift():
                model, revision = node.counter.model, node.counter.revision
                metrics.drift(predictions.Drift.of(event, now / 1000, model, revision))
            case _:
                metrics.event(event)

    def _text(self, gateway: Gateway) -> str:
        """All metrics. In the gateway's thread."""
        each = []
        for name, node in gateway.nodes.items():
            counter = node.counter
            losses = Losses(
                counter.lost, node.damaged, counter.restarts, node.reconnections, node.there
            )
            each.append((self._nodes.get(name) or Metrics(name), losses))
        own = (("gateway", gateway.name),)

        def one(value: float) -> dict[Any, float]:
            return {("", own): value}

        outbox, broker = gateway.outbox, gateway.broker
        refused: dict[Any, float] = {
            ("", (*own, ("reason", reason))): count for reason, count in gateway.refused.items()
        }
        families = (
            ("nodes", "gauge", "Nodes that are there.", one(len(gateway.ports))),
            ("clients", "gauge", "MQTT clients that command nodes.", one(len(gateway.clients))),
            ("published_total", "counter", "Messages confirmed.", one(outbox.published)),
            ("queued_messages", "gauge", "Messages that wait on disk.", one(outbox.waiting)),
            ("queued_bytes", "gauge", "What they take.", one(outbox.queue.bytes)),
            ("dropped_total", "counter", "Messages dropped.", one(outbox.all_dropped)),
            ("refused_total", "counter", "Messages refused.", refused),
            ("broker_connected", "gauge", "Whether the broker is there.", one(broker.connected)),
            (
                "broker_reconnections_total",
                "counter",
                "How often it came back.",
                one(broker.reconnections),
            ),
        )
        return together(each) + "".join(
            family(f"xnornode_gateway_{name}", kind, about, samples)
            for name, kind, about, samples in families
        )


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = SECONDS
    server_version, sys_version = "xnornode", ""

    def do_GET(self) -> None:
        """Answer it."""
        if self.path.partition("?")[0] not in ("/metrics", "/"):
            self.send_error(404)
            return
        text: Callable[[], str] = self.server.text  # type: ignore[attr-defined]
        try:
            body = text().encode()
        except TimeoutError:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing of each request."""
