"""A node that stands by itself: what fails is said, starts again, and is repaired over the line."""

import json
import time
from dataclasses import replace

from tests.lab.bridge import Bridge
from tests.lab.livenode import CHANNELS, DEVICE, model_bytes, prepare, small_model
from tests.lab.targets import interpreter
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.link.connect import connect
from xnornode.link.messages import Caution, Error, Prediction, Ready
from xnornode.link.parsing import parse
from xnornode.link.push import push
from xnornode.link.raw_repl import CTRL_C
from xnornode.model.model_file import save_model

SCRIPTS = ROOT / "tests" / "lab" / "node_scripts"
PATIENCE = 60.0  # seconds for what takes a second or two


def supervised(how):
    lines = interpreter("unix").run(SCRIPTS / "supervised.py", how).splitlines()
    return [json.loads(line) if line.startswith("{") else line for line in lines]


def test_pauses_grow_and_begin_again():
    events = supervised("supervised")
    assert [e["event"] for e in events] == ["error"] * 12
    assert [e["pause"] for e in events] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 1, 2, 4]
    assert events[0]["error"] == "ValueError: ('failure', 1)"
    assert "in program" in events[0]["traceback"] and "line " in events[0]["traceback"]
    assert events[-1]["error"].startswith("MemoryError")


def test_one_run_alone():
    (event,) = supervised("once")
    assert "pause" not in event


def test_ctrl_c_ends_it():
    assert supervised("interrupted") == ["interrupted"]


def test_a_long_error_fits_a_line():
    (event,) = supervised("large")
    assert len(json.dumps(event)) < 4000
    assert event["traceback"].endswith("long long")


def test_a_port_that_nobody_reads_holds_the_program_up_once():
    taken, dropped, waited = interpreter("unix").run(SCRIPTS / "stalled_port.py").split()
    assert (int(taken), int(dropped), int(waited)) == (50, 49, 500)


def sensor_program(folder, sensor: str, model: bytes | None = None):
    """device/classify.py with a sensor of the node's owner, as a program of the unix build."""
    program = prepare(folder, model or b"", realtime=True)
    if model is None:
        (folder / "models" / "1.bnn").unlink()
    (folder / "lib").mkdir()
    (folder / "lib" / "mine.py").write_text(sensor)
    (folder / "sensor.json").write_text('{"sensor": "mine.Mine"}')
    text = program.read_text()
    assert '"/sensor.json"' in text
    program.write_text(text.replace('"/sensor.json"', f'"{folder}/sensor.json"'))
    return program


SENSOR = f"""
import time
from xnornode.sensors.sensor import Sensor

opened = 0

class Mine(Sensor):
    name = "mine"
    channels = {CHANNELS!r}
    scales = (0, 0)
    rate_mhz = 1_000_000

    def __init__(self):
        global opened
        opened += 1
        self.given = 0
        if opened == 1:
            raise OSError("mine: nothing answers")

    def read_into(self, block):
        time.sleep_ms(1)
        if opened == 2 and self.given == 500:
            raise OSError(5)
        block[0] = block[1] = self.given % 1000
        self.given += 1
        return 1
"""


def running(program, folder):
    return UnixNode([program], folder, [folder / "lib", DEVICE])


def following(session, kind, most=2000):
    """The next event of a kind."""
    for _ in range(most):
        event = session.receive(PATIENCE)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


def test_a_sensor_that_fails_is_opened_again(tmp_path):
    program = sensor_program(tmp_path, SENSOR, model_bytes())
    heard = []
    with (
        running(program, tmp_path) as node,
        Bridge(node.fd) as bridge,
        connect(bridge.url, patient=True, on_event=heard.append) as session,
    ):
        while not (heard and isinstance(heard[-1], Error) and "EIO" in heard[-1].error):
            heard.append(session.receive(PATIENCE))
            assert heard[-1]
        error = heard[-1]
        following(session, Ready)
        following(session, Prediction)
    assert error.error == "OSError: [Errno 5] EIO" and error.pause == 2
    assert "read_into" in error.traceback
    assert any(isinstance(event, Prediction) for event in heard)


def test_a_node_without_a_model_takes_one(tmp_path):
    """It goes on at once, not when the pause is over."""
    sensor = SENSOR.replace("if opened", "if False and opened")
    program = sensor_program(tmp_path, sensor)
    with running(program, tmp_path) as node, Bridge(node.fd) as bridge:
        with connect(bridge.url, patient=True) as session:
            error = following(session, Error)
            assert "no model" in error.error and "xnornode push" in error.error
            while error.pause < 4:
                error = following(session, Error)
        push(bridge.url, model_bytes(2))
        with connect(bridge.url, patient=True) as session:
            assert session.hello.running
            following(session, Prediction)


def test_a_damaged_model_is_replaced(tmp_path):
    sensor = SENSOR.replace("if opened", "if False and opened")
    program = sensor_program(tmp_path, sensor, model_bytes()[:-1])
    with running(program, tmp_path) as node, Bridge(node.fd) as bridge:
        push(bridge.url, model_bytes(2))
        with connect(bridge.url, patient=True) as session:
            following(session, Prediction)
            assert session.hello.running and session.hello.model.revision == 2


def test_ctrl_c_in_a_pause_ends_the_program(tmp_path):
    program = sensor_program(tmp_path, SENSOR.replace("opened == 1", "True"), model_bytes())
    with running(program, tmp_path) as node, Bridge(node.fd) as bridge:
        with connect(bridge.url, patient=True) as session:
            following(session, Error)
            session.stream.write(CTRL_C)
            end = time.monotonic() + PATIENCE
            while node.running and time.monotonic() < end:
                time.sleep(0.01)
        assert not node.running


def test_warnings_come_at_most_once_a_minute(tmp_path):
    """Of a rate that is twice the model's, of lost samples and of values that were cut off."""
    model = small_model()
    model = replace(model, window=replace(model.window, hop=8, rate_mhz=20_000))
    save_model(model, tmp_path / "m.bnn")
    lines = interpreter("unix").run(SCRIPTS / "warnings.py", tmp_path / "m.bnn").splitlines()
    events = [parse(json.loads(line)) for line in lines]
    said = [event for event in events if isinstance(event, Caution)]
    assert [event.kind for event in said].count("rate") == 3
    rate = next(event for event in said if event.kind == "rate")
    assert (rate.rate_mhz, rate.model_rate_mhz) == (40_000, 20_000)
    assert "40.0 Hz" in rate.warning and "20.0 Hz" in rate.warning
    for kind, each in (("lost", 1), ("saturated", 2)):
        counts = [event.count for event in said if event.kind == kind]
        assert len(counts) == 3 and counts[:2] == [each, each * 300], counts
