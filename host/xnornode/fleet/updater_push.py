"""One attempt to put a model on one node, over whatever port leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import serial

from xnornode.errors import LinkLost
from xnornode.link.deadline import Deadline
from xnornode.link.messages import NodeModel
from xnornode.link.mqtt_broker import CONNECT_SECONDS
from xnornode.link.mqtt_port import MqttPort
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_url import MQTT, MQTTS
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.stream import Stream
from xnornode.link.timing import USUAL, Timing

Open = Callable[[str], serial.SerialBase]
"""Opens a port to the node of a name. Raises LinkError."""
ELSEWHERE = ("replaced", "busy")
"""Refusals that say that somebody else pushes to this node."""
MENDABLE = ("no_push", "incomplete", "hash", "damaged", "offset")
"""Refusals that are of a bad connection, not of the model."""


class Stopped(Exception):
    """The push is not wanted any more."""


@dataclass(frozen=True)
class Done:
    """What an attempt has done.

    Parameters
    ----------
    active : NodeModel
        What the node runs now.
    previous : NodeModel or None
        What it ran before.
    running : bool
        Whether its program classifies.
    session : str
        The random word of its program.
    """

    active: NodeModel
    previous: NodeModel | None
    running: bool
    session: str


def attempt(
    node: str,
    data: bytes,
    signed: str | None,
    open_node: Open,
    progress: Callable[[int, int], None],
    timing: Timing = USUAL,
) -> Done:
    """Put a model on a node, going on where the attempt before has stopped.

    Parameters
    ----------
    node : str
        Its name.
    data : bytes
        The model file, which is valid.
    signed : str or None
        Its signature, for nodes with a key.
    open_node : callable
        Opens a port to it.
    progress : callable
        Gets the bytes that the node has, and the bytes in all. What it raises ends the attempt.
    timing : Timing, default USUAL
        How long is waited for answers.

    Returns
    -------
    Done
        The node has it.

    Raises
    ------
    NodeError
        If the node refuses.
    LinkError
        If it cannot be reached, or is lost on the way.
    """
    with greeted(node, open_node, timing) as session:
        hello = session.hello
        push = Push(data, timing=timing, progress=progress, signed=signed)
        return Done(push.over(session), hello.model, hello.running, hello.session)


@contextmanager
def greeted(node: str, open_node: Open, timing: Timing = USUAL) -> Iterator[Session]:
    """A session with a node whose program answers; a context manager.

    A program that does not answer is left alone: nothing is interrupted, and no REPL typed into.

    Parameters
    ----------
    node : str
        Its name.
    open_node : callable
        Opens a port to it.
    timing : Timing, default USUAL
        How long is waited for answers.

    Yields
    ------
    Session
        Its `hello` is what the node has said of itself.

    Raises
    ------
    LinkError
        If no port can be opened, or nobody answers.
    """
    with closing(Stream(open_node(node))) as stream:
        stream.limit = Deadline(timing.stall)
        session = Session(stream, timing)
        if not any(session.greet(timing.hello) for _ in range(timing.hello_tries)):
            raise LinkLost(f"{node} does not answer `hello`: does its program run?")
        yield session


def over_broker(settings: BrokerSettings, patience: float = CONNECT_SECONDS) -> Open:
    """What opens ports to nodes by a broker.

    Parameters
    ----------
    settings : BrokerSettings
        The broker.
    patience : float, default CONNECT_SECONDS
        Seconds for it to answer.

    Returns
    -------
    callable
        For `attempt`.
    """

    def open_node(node: str) -> serial.SerialBase:
        port = MqttPort(patience=patience, given=settings)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        port.port = f"{MQTTS if settings.tls else MQTT}{host}:{settings.tcp_port}/{node}"
        port.open()
        return port

    return open_node
