"""A gateway's file of settings: each key checked before any work (docs/guides/fleet.md)."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.addresses import Port
from xnornode.link.keys import read_key
from xnornode.link.mqtt_settings import BrokerSettings, from_environment, from_table, read_toml
from xnornode.link.mqtt_topics import is_name, name_of

ALLOWED = ("push", "rollback", "record", "name")
"""What clients may be allowed besides watching."""
SMALLEST_QUEUE, LARGEST_MODEL = 100_000, 16 << 20
"""Bytes of the smallest queue, and of the largest model."""
STATE_FOLDER = "STATE_DIRECTORY"
"""Environment variable in which systemd names a service's folder."""


@dataclass(frozen=True)
class NodeSettings:
    """A `[[node]]` of the file.

    Parameters
    ----------
    port : str
        Serial port or pyserial URL.
    name : str, default ""
        What the node is called if it was given no name itself.
    baud, lines : optional
        As those of `Port`.
    """

    port: str
    name: str = ""
    baud: int | None = None
    lines: str | None = None

    def __post_init__(self) -> None:
        if self.name and not is_name(self.name):
            raise LinkError(
                f"{self.name!r} is no name of a node: take 1 to 32 letters, digits, - and _"
            )
        Port(self.port, self.baud, self.lines)

    @property
    def where(self) -> Port:
        """The port, and how it is opened."""
        return Port(self.port, self.baud, self.lines)


@dataclass(frozen=True)
class GatewaySettings:
    """What a gateway does. docs/guides/fleet.md has the keys of `[gateway]`.

    Parameters
    ----------
    name : str
        Its name; by default that of this computer.
    usb : bool, default True
        Whether it takes boards that are plugged in.
    start : bool, default False
        Whether it starts boards that wait at the REPL.
    native : bool, default False
        Whether it puts models on nodes that speak MQTT themselves.
    queue : str
        File for what the broker has not confirmed.
    queue_bytes : int, default 64,000,000
        How much of that at most.
    metrics : str, default ""
        HOST:PORT at which Prometheus reads; empty: nowhere.
    allow : tuple of str, default ("push", "rollback")
        What clients may do besides watching.
    require_signed : bool, default False
        Whether models have to be signed, also for nodes without a key.
    key : str, default ""
        File with the key that they are signed by.
    homeassistant : bool, default False
        Whether Home Assistant is told of the nodes.
    discovery_prefix : str, default "homeassistant"
        How its topics begin.
    largest_model : int, default 1 MiB
        Bytes of a model file that is put on nodes.
    """

    name: str = ""
    usb: bool = True
    start: bool = False
    native: bool = False
    queue: str = ""
    queue_bytes: int = 64_000_000
    metrics: str = ""
    allow: tuple[str, ...] = ("push", "rollback")
    require_signed: bool = False
    key: str = ""
    homeassistant: bool = False
    discovery_prefix: str = "homeassistant"
    largest_model: int = 1 << 20
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    nodes: tuple[NodeSettings, ...] = ()
    secret: bytes = field(default=b"", repr=False)
    """The key itself."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", name_of(socket.gethostname(), "gateway"))
        if not is_name(self.name):
            raise LinkError(f"`name`: {self.name!r} is none: take letters, digits, - and _")
        if self.queue_bytes < SMALLEST_QUEUE:
            raise LinkError(f"`queue_bytes` is at least {SMALLEST_QUEUE:,}")
        if not 1 <= self.largest_model <= LARGEST_MODEL:
            raise LinkError(f"`largest_model` is from 1 to {LARGEST_MODEL:,}")
        if self.metrics:
            http_address(self.metrics)
        for word in self.allow:
            if word not in ALLOWED:
                raise LinkError(f"`allow`: {word!r} is none of {', '.join(ALLOWED)}")
        if self.require_signed and not self.key:
            raise LinkError("`require_signed` needs `key`: the file of the key (xnornode key)")
        if self.key and not self.secret:
            object.__setattr__(self, "secret", read_key(Path(self.key)))
        _check_twice([node.port for node in self.nodes], "port")
        _check_twice([node.name for node in self.nodes if node.name], "name")

    @property
    def queue_file(self) -> Path:
        """The file of what waits: one for each gateway's name and broker, where none is named."""
        if self.queue:
            return Path(self.queue)
        broker = self.broker
        of = f"{self.name} {broker.host} {broker.tcp_port} {broker.prefix}"
        return _state_folder() / (re.sub(r"[^A-Za-z0-9.-]+", "_", of) + ".queue")


def http_address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises LinkError.

    Examples
    --------
    >>> http_address("127.0.0.1:9464")
    ('127.0.0.1', 9464)
    """
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 <= int(port[:9]) < 65536):
        raise LinkError(f"`metrics`: {text!r} is no HOST:PORT, such as 127.0.0.1:9464")
    return host.strip("[]"), int(port)


def read_settings(path: Path | None) -> GatewaySettings:
    """Settings of a file and of the environment.

    Parameters
    ----------
    path : Path or None
        A file of TOML with the tables `broker`, `gateway` and `node`; None: none.

    Returns
    -------
    GatewaySettings
        Checked.

    Raises
    ------
    LinkError
        If a key is unknown, or its value cannot be; the text names the file and the key.
    """
    given = read_toml(path) if path else {}
    for name in given:
        if name not in ("broker", "gateway", "node"):
            raise LinkError(f"{path}: there is no table `{name}`: take broker, gateway, node")
    try:
        broker = from_table(_table(given, "broker", path), f"{path}: [broker]")
        nodes = given.get("node", [])
        if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
            raise LinkError(f"{path}: `node` is a list of tables: [[node]]")
        return GatewaySettings(
            **_values(GatewaySettings, _table(given, "gateway", path), f"{path}: [gateway]"),
            broker=from_environment(broker),
            nodes=tuple(
                _made(NodeSettings, node, f"{path}: [[node]] {number}")
                for number, node in enumerate(nodes, 1)
            ),
        )
    except XnorNodeError as error:
        where = "" if path is None or str(error).startswith(f"{path}") else f"{path}: "
        raise LinkError(f"{where}{error}") from error


def _table(given: dict[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise LinkError(f"{path}: `{name}` is a table: [{name}]")
    return table


def _made(kind: Any, table: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(**_values(kind, table, where))
    except LinkError as error:
        text = str(error)
        raise LinkError(text if text.startswith(where) else f"{where}: {text}") from error


_WORDS = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "tuple": "a list of text",
}


def _values(kind: Any, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A table's values, of the types that a class has. Raises LinkError."""
    types = {f.name: str(f.type).partition("[")[0].partition(" ")[0] for f in fields(kind)}
    known = {name: word for name, word in types.items() if word in _WORDS}
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise LinkError(f"{where}: there is no key `{name}`: take {', '.join(known)}")
        word = known[name]
        if word == "tuple" and isinstance(value, list):
            value = tuple(value) if all(isinstance(item, str) for item in value) else None
        if type(value).__name__ != word:
            raise LinkError(f"{where}: `{name}` is {_WORDS[word]}, not {table[name]!r}")
        found[name] = value
    for each in fields(kind):
        missing = each.default is MISSING and each.default_factory is MISSING
        if missing and each.name not in found:
            raise LinkError(f"{where}: `{each.name}` is missing")
    return found


def _check_twice(words: list[str], what: str) -> None:
    for word in words:
        if words.count(word) > 1:
            raise LinkError(f"[[node]]: the {what} {word} stands there twice")


def _state_folder() -> Path:
    """Where what has to outlast the program is kept."""
    if named := os.environ.get(STATE_FOLDER):
        return Path(named.partition(":")[0])
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_STATE_HOME")
    return Path(base or Path.home() / ".local" / "state") / "xnornode"
