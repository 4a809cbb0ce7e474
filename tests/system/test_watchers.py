"""The examples for Prometheus, Telegraf and Node-RED. `python -m tools.dashboards` runs the last
one with the real programs; Telegraf is in no package of Debian."""

import json
import re
import subprocess
import time
import tomllib
import urllib.parse
import urllib.request
from dataclasses import fields

import pytest

from tests.lab.brokerlab import Mosquitto, free_port
from tests.lab.extralab import prediction, state
from tests.lab.gatewaylab import command, settings, wait, write_file
from tests.lab.linenodes import LineNode, LineNodes
from tools.debian import unpacked
from tools.emulators.nodejs import node_command
from tools.firmware.sources import ROOT
from xnornode.link.influx import point

EXAMPLES = ROOT / "examples"
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def prometheus():
    """The folder with Debian's Prometheus and promtool."""
    return unpacked("prometheus") / "usr" / "bin"


def test_alerts_are_as_their_test_says(prometheus):
    for words in (("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(
            [prometheus / "promtool", *words],
            cwd=EXAMPLES / "prometheus",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    alerts = re.findall(r"alert: (\w+)", (EXAMPLES / "prometheus" / "alerts.yml").read_text())
    tested = (EXAMPLES / "prometheus" / "alerts_test.yml").read_text()
    assert alerts and all(f"alertname: {name}" in tested for name in alerts)


def test_prometheus_reads_a_gateway(prometheus, tmp_path, monkeypatch):
    ports = {name: free_port() for name in ("metrics", "prometheus")}
    config = (EXAMPLES / "prometheus" / "prometheus.yml").read_text()
    config = config.replace("127.0.0.1:9464", f"127.0.0.1:{ports['metrics']}")
    assert config.count("15s") == 2
    (tmp_path / "prometheus.yml").write_text(config.replace("15s", "1s"))
    rules = (EXAMPLES / "prometheus" / "alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text(rules)
    url = f"http://127.0.0.1:{ports['prometheus']}/api/v1"

    def ask(text):
        given = urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(f"{url}/query?{given}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def predictions():
        try:
            found = ask("sum by (node) (xnornode_predictions_total)")
        except OSError:
            return {}
        return {each["metric"]["node"]: float(each["value"][1]) for each in found}

    nodes = [LineNode("aa01", "shed"), LineNode("aa02", "yard")]
    options = ["--config.file=prometheus.yml", f"--storage.tsdb.path={tmp_path / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{ports['prometheus']}"]
    with Mosquitto(tmp_path / "broker", keeps=False) as broker, LineNodes(nodes) as farm:
        made = settings(broker, tmp_path, *(node.url for node in nodes))
        file = write_file(tmp_path / "f.toml", made, metrics=f"127.0.0.1:{ports['metrics']}")
        with (
            command(file, XDG_RUNTIME_DIR=str(tmp_path)) as gateway,
            (tmp_path / "log").open("wb") as log,
        ):
            program = [prometheus / "prometheus", *options]
            reader = subprocess.Popen(program, cwd=tmp_path, stdout=log, stderr=log)
            try:
                assert wait(lambda: all(node.opened for node in nodes), PATIENCE)
                for node in nodes:
                    farm.do(lambda node=node: node.write(node.ready()))
                    farm.do(node.predict)
                end = time.monotonic() + PATIENCE
                while predictions() != {"shed": 1, "yard": 1} and time.monotonic() < end:
                    time.sleep(0.1)
                assert predictions() == {"shed": 1, "yard": 1}, (tmp_path / "log").read_text()
                there = {each["metric"]["__name__"] for each in ask('{__name__=~"xnornode.*"}')}
                assert {*re.findall(r"xnornode_\w+", rules)} <= there
                assert len(ask("xnornode_connected == 1")) == 2
            finally:
                reader.terminate()
                reader.wait(PATIENCE)
            gateway.terminate()
            gateway.wait(PATIENCE)


@pytest.mark.quick
def test_telegraf_reads_what_nodes_publish():
    config = tomllib.loads((EXAMPLES / "telegraf" / "telegraf.conf").read_text())
    said = {"prediction": prediction("walk"), "state": state()}
    for given in config["inputs"]["mqtt_consumer"]:
        (topic,) = given["topics"]
        kind = topic.rpartition("/")[2]
        known = {field.name for field in fields(said[kind])}
        (parser,) = given["json_v2"]
        paths = [each["path"] for each in [*parser.get("tag", ()), *parser["field"]]]
        assert {*paths} <= known
        assert given["topic_parsing"] == [{"topic": topic, "tags": "_/node/_"}]


@pytest.fixture(scope="module")
def flow():
    """The nodes of the flow for Node-RED, by their names."""
    nodes = json.loads((EXAMPLES / "node-red" / "flow.json").read_text())
    identities = {node["id"] for node in nodes}
    for node in nodes:
        for key in ("z", "broker", "group", "page", "ui", "theme"):
            assert node["type"] == "mqtt-broker" or node.get(key, node["id"]) in identities
        assert {each for wire in node.get("wires", ()) for each in wire} <= identities
    return {node["name"]: node for node in nodes if "name" in node}


def run(node, *messages):
    """What a function of the flow gives for each message."""
    script = (
        "const kept = {}; const context = { get: (k) => kept[k], set: (k, v) => { kept[k] = v; } };"
        f"const f = new Function('msg', 'context', {json.dumps(node['func'])});"
        f"console.log(JSON.stringify({json.dumps(messages)}.map((m) => f(m, context))));"
    )
    done = subprocess.run([node_command(), "-e", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def message(topic, **payload):
    return {"topic": f"house/xnornode/{topic}", "payload": payload}


@pytest.mark.quick
def test_the_flow_writes_what_the_monitor_writes(flow):
    said = {"event": "prediction", "seq": 7, "us": 900, "time": 1_796_050_000_123}
    lines = run(
        flow["line protocol"],
        message("kitchen/prediction", **said, label="a, b=c \\", answer="wälk", confidence=934),
        message("kitchen/prediction", **said, label="walk"),
        message("kitchen/prediction", event="ready"),
        {"topic": "xnornode/kitchen/prediction", "payload": "no JSON"},
    )
    values = {"seq": 7, "us": 900}
    tags = {"label": "a, b=c \\", "answer": "wälk", "node": "kitchen"}
    assert lines == [
        {
            "payload": point(
                "xnornode_prediction", tags, values | {"confidence": 0.934}, said["time"]
            )
        },
        {
            "payload": point(
                "xnornode_prediction", {"label": "walk", "node": "kitchen"}, values, said["time"]
            )
        },
        None,
        None,
    ]


@pytest.mark.quick
def test_the_flow_has_a_row_for_each_node(flow):
    said = {"mqtt": 1, "machine": "Pico", "rate_mhz": 1250, "lost": 2, "restarts": 0}
    rows = run(
        flow["a row for each node"],
        message("shed/state", **said, model={"name": "watch", "revision": 3}, trouble=""),
        message("barn/state", **said, model=None, trouble="hot"),
        {"topic": "xnornode/shed/state", "payload": ""},
    )
    assert [[row["node"] for row in each["payload"]] for each in rows] == [
        ["shed"],
        ["barn", "shed"],
        ["barn"],
    ]
    shed = rows[1]["payload"][1]
    assert (shed["model"], shed["per second"], shed["lost"]) == ("watch 3", "1.25", 2)


@pytest.mark.quick
def test_the_flow_counts_answers(flow):
    said = [message("shed/prediction", label="walk", answer=a) for a in ("walk", "unknown")]
    first, *others = run(flow["answers of all nodes"], *said)
    assert first["payload"] == [{"answer": "walk", "count": 1}]
    assert others == [None]  # within 5 seconds
