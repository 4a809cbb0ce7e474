"""The state that a node with MQTT publishes, without a broker."""

import json
import sys
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from tests.lab.simulated import node_module

with patch.dict(sys.modules, {"xnornode.net": SimpleNamespace(FRAME=1040, WINDOW=4)}):
    mqtt_state = node_module("mqtt_state")
time = mqtt_state.time

pytestmark = pytest.mark.quick


def test_drift_ends_with_its_model(monkeypatch):
    monkeypatch.setattr(time, "ticks_ms", lambda: 0, raising=False)
    monkeypatch.setattr(time, "ticks_diff", lambda late, early: late - early, raising=False)
    client = SimpleNamespace(name="n", connections=1, queue=SimpleNamespace(dropped=0))
    state = mqtt_state.State(client)
    facts = dict.fromkeys(mqtt_state.OF_HELLO.split(), 0)
    models = SimpleNamespace(facts=lambda: facts, answers=lambda: ([], ""))
    state.connection = SimpleNamespace(models=models)
    state.heard(b'{"event":"drift","drift":900,"features":["x"]}', b"drift")
    assert json.loads(state.payload())["drift"] == 900
    state.heard(b'{"event":"ready"}', b"ready")
    assert "drift" not in json.loads(state.payload())
