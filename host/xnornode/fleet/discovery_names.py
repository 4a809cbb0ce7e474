"""How Home Assistant's devices and entities are called, and those of a gateway itself."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xnornode._version import __version__
from xnornode.fleet.payloads import State
from xnornode.link.mqtt_topics import Topics

DIAGNOSTIC = {"entity_category": "diagnostic"}
"""Of entities that are about the node, not about what it sees."""
Entities = dict[tuple[str, str], dict[str, Any]]
"""From component and object, such as ("sensor", "label"), to the message."""


@dataclass(frozen=True)
class Names:
    """How the entities of a gateway's nodes are called.

    Parameters
    ----------
    topics : Topics
        The gateway's.
    gateway : str
        Its name.

    Examples
    --------
    >>> names = Names(Topics(), "attic")
    >>> names.node("kitchen"), names.of_gateway
    ('xnornode_kitchen', 'xnornode__gateway_attic')
    """

    topics: Topics
    gateway: str

    @cached_property
    def beginning(self) -> str:
        """How all identities of the prefix begin."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.topics.prefix) + "_"

    def node(self, node: str) -> str:
        """A node's identity."""
        return self.beginning + node

    @property
    def of_gateway(self) -> str:
        """The gateway's identity: no node's name begins with `_`."""
        return f"{self.beginning}_gateway_{self.gateway}"

    def origin(self, gateway: str | None) -> dict[str, str]:
        """Who has published it; a gateway knows its own messages again by it.

        Nodes that speak MQTT themselves belong to no gateway, so each one says the same of them.
        """
        name = f"XnorNode gateway {gateway}" if gateway else "XnorNode"
        return {"name": name, "sw_version": __version__}

    def availability(self, gateway: str | None, node: str = "") -> dict[str, Any]:
        """An entity is there if its node and its gateway are."""
        topics = [self.topics.node(node, "availability")] if node else []
        if gateway:
            topics += [self.topics.shared("_gateway/availability", gateway)]
        return {"availability": [{"topic": t} for t in topics], "availability_mode": "all"}


def device(names: Names, state: State) -> dict[str, Any]:
    """A node as a device of Home Assistant.

    Parameters
    ----------
    names : Names
        How it is called.
    state : State
        What it says of itself.

    Returns
    -------
    dict
        The key `device` of its entities.
    """
    by_number = state.node == state.device
    versions = [f"XnorNode {state.library}"] if state.library else []
    versions += [f"MicroPython {state.firmware}"] if state.firmware else []
    facts = {
        "identifiers": [names.node(state.node)],
        "name": f"Node {state.node}" if by_number else state.node,
        "manufacturer": "XnorNode",
        "model": state.machine,
        "sw_version": ", ".join(versions),
        "serial_number": state.device,
        "via_device": names.of_gateway if state.gateway else None,
    }
    return {key: value for key, value in facts.items() if value}


def gateway_entities(names: Names) -> Entities:
    """The entities of the gateway itself.

    Parameters
    ----------
    names : Names
        How it is called.

    Returns
    -------
    dict
        All of them.
    """
    topic = names.topics.shared("_gateway/state", names.gateway)
    there = names.topics.shared("_gateway/availability", names.gateway)
    found: Entities = {
        ("binary_sensor", "connected"): {
            "name": "Connection",
            "device_class": "connectivity",
            "state_topic": there,
            "payload_on": "online",
            "payload_off": "offline",
        },
        ("binary_sensor", "problem"): {
            "name": "Problem",
            "device_class": "problem",
            "state_topic": topic,
            "value_template": said("'ON' if value_json.trouble else 'OFF'"),
            "json_attributes_topic": topic,
            "json_attributes_template": said_attributes(trouble="value_json.trouble"),
        },
    }
    for key, name, kind, icon in (
        ("count", "Nodes", "measurement", "mdi:sitemap-outline"),
        ("queued", "Queued messages", "measurement", "mdi:tray-full"),
        ("dropped", "Dropped messages", "total_increasing", "mdi:tray-remove"),
    ):
        found["sensor", key] = {
            "name": name,
            "icon": icon,
            "state_class": kind,
            "state_topic": topic,
            "value_template": said(f"value_json.{key}"),
        }
    common = DIAGNOSTIC | {
        "device": {
            "identifiers": [names.of_gateway],
            "name": f"Gateway {names.gateway}",
            "manufacturer": "XnorNode",
            "model": "Gateway",
            "sw_version": f"XnorNode {__version__}",
        },
        "origin": names.origin(names.gateway),
        "qos": 1,
    }
    for (_, name), entity in found.items():
        entity |= common | {"unique_id": f"{names.of_gateway}_{name}"}
        if name != "connected":  # this one says so itself
            entity |= names.availability(names.gateway)
    return found


def said(expression: str) -> str:
    """A template of a retained topic: nothing where the message was taken back.

    Examples
    --------
    >>> said("value_json.lost")
    "{{ (value_json.lost) if value_json is defined else '' }}"
    """
    return f"{{{{ ({expression}) if value_json is defined else '' }}}}"


def said_attributes(**expressions: str) -> str:
    """A template of an entity's attributes, likewise."""
    pairs = ", ".join(f"'{key}': {expression}" for key, expression in expressions.items())
    return f"{{{{ ({{{pairs}}} if value_json is defined else {{}}) | tojson }}}}"


def origin_of(payload: bytes) -> str:
    """Who has published a discovery message; empty if it does not say."""
    try:
        said = json.loads(payload)
        return str(said["origin"]["name"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def compact(value: Any) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def slug(text: str) -> str:
    """A text as a part of a topic; other texts give other ones.

    Examples
    --------
    >>> slug("walk"), slug("auf und ab")
    ('walk', 'auf_und_ab_901c387a')
    """
    kept = re.sub(r"[^A-Za-z0-9-]", "_", text)[:40]
    return kept if kept == text else f"{kept}_{zlib.crc32(text.encode()):08x}"
