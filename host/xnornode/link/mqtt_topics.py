"""The topics of nodes on an MQTT broker (docs/reference/mqtt.md, "Topics")."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from xnornode.errors import LinkError

PREFIX = "xnornode"
"""How the topics begin by default."""
VERSION = 1
"""Version of docs/reference/mqtt.md."""
LONGEST_PAYLOAD = 65536
"""Bytes of a payload, except for a model's."""
ONLINE, OFFLINE = b"online", b"offline"
"""Payloads of `availability`."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_CLIENT = re.compile(r"[A-Za-z0-9]{1,32}")
_HASH = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{8}")
_PREFIX = re.compile(r"[^+#$/\x00-\x1f\x7f][^+#\x00-\x1f\x7f]{0,99}")
_OF_NODE = (
    "availability",
    "state",
    "prediction",
    "event",
    "hour",
    "model/latest",
    "model/install",
    "model/update",
)
_BY_CLIENT = ("command", "reply")
_SHARED = {"_model": _HASH, "_rollout": _ID}
_OF_GATEWAY = ("availability", "state")


@dataclass(frozen=True)
class Address:
    """What a topic is about.

    Parameters
    ----------
    kind : str
        What comes after the node's name, such as "model/latest"; without the client's word. With a
        `_`: "_model", "_rollout", "_gateway/state".
    name : str
        Name of the node or gateway, SHA-256 of the model, ID of the roll-out.
    client : str, default ""
        The client's word, of a command or a reply.
    """

    kind: str
    name: str
    client: str = ""


class Topics:
    """The topics below one prefix.

    Parameters
    ----------
    prefix : str, default PREFIX
        How all of them begin.

    Raises
    ------
    LinkError
        If it can be no prefix.

    Examples
    --------
    >>> topics = Topics()
    >>> topics.node("kitchen", "model/latest")
    'xnornode/kitchen/model/latest'
    >>> topics.read("xnornode/kitchen/command/a1")
    Address(kind='command', name='kitchen', client='a1')
    >>> topics.read("xnornode/kitchen/weather") is None
    True
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        if not _PREFIX.fullmatch(prefix) or prefix.endswith("/") or "//" in prefix:
            raise LinkError(
                f"{prefix!r} is no prefix of topics: take a word such as {PREFIX}, or some with /"
            )
        self.prefix = prefix

    def node(self, name: str, kind: str, client: str = "") -> str:
        """A topic of a node; `+` as its name stands for all.

        Parameters
        ----------
        name : str
            The node's name.
        kind : str
            As in `Address`.
        client : str, default ""
            The client's word, of a command or a reply.

        Returns
        -------
        str
            The topic.
        """
        return f"{self.prefix}/{name}/{kind}" + (f"/{client}" if client else "")

    def shared(self, kind: str, name: str) -> str:
        """A topic of a model, a roll-out or a gateway; `+` as its name stands for all.

        Parameters
        ----------
        kind : str
            As in `Address`, such as "_gateway/state".
        name : str
            SHA-256 of the model, ID of the roll-out, name of the gateway.

        Returns
        -------
        str
            The topic.

        Examples
        --------
        >>> Topics().shared("_gateway/state", "attic")
        'xnornode/_gateway/attic/state'
        """
        first, _, rest = kind.partition("/")
        return f"{self.prefix}/{first}/{name}" + (f"/{rest}" if rest else "")

    def read(self, topic: str) -> Address | None:
        """What a topic is about.

        Parameters
        ----------
        topic : str
            Without wildcards.

        Returns
        -------
        Address or None
            None if it is no topic of these.
        """
        if not topic.startswith(self.prefix + "/"):
            return None
        name, _, kind = topic[len(self.prefix) + 1 :].partition("/")
        if name == "_gateway":
            name, _, kind = kind.partition("/")
            known = kind in _OF_GATEWAY and is_name(name)
            return Address(f"_gateway/{kind}", name) if known else None
        if pattern := _SHARED.get(name):
            return Address(name, kind) if pattern.fullmatch(kind) else None
        if not is_name(name):
            return None
        if kind in _OF_NODE:
            return Address(kind, name)
        first, _, client = kind.partition("/")
        if first in _BY_CLIENT and _CLIENT.fullmatch(client):
            return Address(first, name, client)
        return None


def is_name(text: str) -> bool:
    """Whether a text can be the name of a node or a gateway.

    Examples
    --------
    >>> is_name("kitchen-3"), is_name("_model"), is_name("küche")
    (True, False, False)
    """
    return bool(_NAME.fullmatch(text))


def name_of(text: str, otherwise: str) -> str:
    """A name made of any text: what a name may not have is left out.

    Parameters
    ----------
    text : str
        Such as a host's name.
    otherwise : str
        What is taken where nothing is left.

    Returns
    -------
    str
        A name.

    Examples
    --------
    >>> name_of("pi.local", "gateway"), name_of("...", "gateway")
    ('pilocal', 'gateway')
    """
    kept = re.sub(r"[^A-Za-z0-9_-]", "", text).lstrip("_-")[:32]
    return kept or otherwise


def client_word() -> str:
    """A word for one client, drawn at random."""
    return secrets.token_hex(6)
