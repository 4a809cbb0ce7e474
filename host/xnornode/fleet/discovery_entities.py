"""What Home Assistant is told of a node: its entities, as discovery messages.

Each is the JSON of one entity, as Home Assistant 2024.3 and newer take it. The templates are its
own language (Jinja); they read the topics of docs/reference/mqtt.md as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xnornode.fleet.discovery_names import (
    DIAGNOSTIC,
    Entities,
    Names,
    device,
    said,
    said_attributes,
    slug,
)
from xnornode.fleet.payloads import Latest, State, Update
from xnornode.link.messages import NodeModel

MOST_TRIGGERS = 64
"""Labels that become triggers of automations; all of them are types of the event entity."""
INSTALL = "INSTALL"
"""Payload of `model/install`."""
UNDER_WAY = ("DOWNLOADING", "DOWNLOADED", "VERIFIED", "UPDATING")
"""States of an update that is not at its end."""
_DETECTED = "value_json.event == 'detected'"


def node_entities(names: Names, state: State, answers: bool | None) -> Entities:
    """The entities of a node.

    Parameters
    ----------
    names : Names
        How it is called.
    state : State
        What it says of itself.
    answers : bool or None
        Whether its model gives answers with a confidence; None: it is not known yet.

    Returns
    -------
    dict
        Those that its state says it has.
    """
    prediction = {"state_topic": names.topics.node(state.node, "prediction")}
    of_state = {"state_topic": names.topics.node(state.node, "state")} | DIAGNOSTIC
    update = names.topics.node(state.node, "model/update")
    count = of_state | {"state_class": "total_increasing"}
    found: Entities = {
        ("sensor", "label"): prediction
        | {
            "name": "Label",
            "icon": "mdi:shape-outline",
            "value_template": "{{ (value_json.answer | default(value_json.label, true))[:255] }}",
        },
        ("sensor", "rate"): of_state
        | {
            "name": "Prediction rate",
            "device_class": "frequency",
            "unit_of_measurement": "Hz",
            "state_class": "measurement",
            "suggested_display_precision": 2,
            "value_template": said("value_json.rate_mhz / 1000"),
        },
        ("sensor", "lost"): count
        | {
            "name": "Lost predictions",
            "icon": "mdi:lan-disconnect",
            "value_template": said("value_json.lost"),
        },
        ("sensor", "restarts"): count
        | {
            "name": "Restarts",
            "icon": "mdi:restart",
            "value_template": said("value_json.restarts"),
        },
        ("sensor", "ram"): of_state
        | {
            "name": "Free RAM",
            "device_class": "data_size",
            "unit_of_measurement": "B",
            "state_class": "measurement",
            "value_template": said("value_json.ram"),
        },
        ("binary_sensor", "problem"): of_state
        | {
            "name": "Problem",
            "device_class": "problem",
            "value_template": said(
                "'ON' if value_json.trouble or value_json.drift | default(0, true) >= 1000 "
                "else 'OFF'"
            ),
            "json_attributes_topic": of_state["state_topic"],
            "json_attributes_template": said_attributes(
                trouble="value_json.trouble", moved="value_json.moved | default([], true)"
            ),
        },
        ("sensor", "update"): DIAGNOSTIC
        | {
            "name": "Model update",
            "icon": "mdi:progress-download",
            "state_topic": update,
            "value_template": said("value_json.state"),
            "json_attributes_topic": update,
            "json_attributes_template": said_attributes(
                **{key: f"value_json.{key}" for key in ("progress", "error", "message")}
            ),
        },
        ("update", "model"): {
            "name": "Model",
            "icon": "mdi:brain",
            "entity_category": "config",
            "command_topic": names.topics.node(state.node, "model/install"),
            "payload_install": INSTALL,
            "retain": False,
        },
    }
    if state.drift is not None:
        found["sensor", "drift"] = of_state | {
            "name": "Drift",
            "icon": "mdi:chart-bell-curve",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "value_template": said("value_json.drift / 10 if value_json.drift is number else none"),
        }
    if answers:
        found["sensor", "confidence"] = prediction | {
            "name": "Confidence",
            "icon": "mdi:percent-outline",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "value_template": "{{ value_json.confidence / 10 "
            "if value_json.confidence is number else none }}",
        }
    common = names.availability(state.gateway, state.node)
    common |= {"device": device(names, state), "origin": names.origin(state.gateway), "qos": 1}
    if answers and state.labels:
        found |= _detected(names, state.node, state.labels)
    for (component, name), entity in found.items():
        if component == "device_automation":
            entity |= {key: common[key] for key in ("device", "origin", "qos")}
        else:
            entity |= common | {"unique_id": f"{names.node(state.node)}_{name}"}
    return found


def _detected(names: Names, node: str, labels: tuple[str, ...]) -> Entities:
    """What begins: an entity with its last time, and a trigger for each label."""
    topic = names.topics.node(node, "event")
    event = {
        "name": "Detected",
        "icon": "mdi:bell-ring-outline",
        "state_topic": topic,
        "event_types": list(labels),
        "value_template": "{{ {'event_type': value_json.label, 'confidence': "
        f"value_json.confidence / 10}} | tojson if {_DETECTED} else '' }}}}",
    }
    found: Entities = {("event", "detected"): event}
    # Home Assistant takes a trigger's payload for a template, so a label may not look like one
    for label in [each for each in labels if not re.search("[{}]", each)][:MOST_TRIGGERS]:
        found["device_automation", f"detected_{slug(label)}"] = {
            "automation_type": "trigger",
            "type": "detected",
            "subtype": label,
            "topic": topic,
            "payload": label,
            "value_template": f"{{{{ value_json.label if {_DETECTED} else '' }}}}",
        }
    return found


def update_state(
    model: NodeModel | None, latest: Latest | None, update: Update | None
) -> dict[str, Any]:
    """What the update entity shows.

    Home Assistant compares the two versions: any difference is an update, also back to an older
    revision. Versions before 2024.12 pass over the progress.

    Parameters
    ----------
    model : NodeModel or None
        The node's active one.
    latest : Latest or None
        What it should have; None: nobody has said so.
    update : Update or None
        How far that is.

    Returns
    -------
    dict
        The JSON object that the entity reads.

    Examples
    --------
    >>> shown = update_state(None, Latest("ab" * 32, 2048, "gesture", 4, 3, True), None)
    >>> shown["installed_version"], shown["latest_version"], shown["release_summary"]
    ('no model', 'gesture 4 (abababab)', 'gesture, revision 4, 2,048 bytes')
    """
    installed = version(model.name or "unreadable", model) if model else "no model"
    shown: Mapping[str, Any] = {"latest_version": installed, "release_summary": ""}
    if latest:
        summary = f"{latest.name}, revision {latest.revision}, {latest.bytes:,} bytes"
        shown = {"latest_version": version(latest.name, latest), "release_summary": summary}
    busy = update is not None and update.state in UNDER_WAY
    return {
        "installed_version": installed,
        **shown,
        "title": "Model",
        "in_progress": busy,
        "update_percentage": update.progress if update and busy else None,
    }


def version(name: str, model: NodeModel | Latest) -> str:
    """A model's version, for people; no two files have the same one."""
    return f"{name} {model.revision} ({model.sha256[:8]})" if model.sha256 else name
