"""`xnornode name`: a node keeps the name that it was given."""

import json
import subprocess

import pytest

from tests.lab.bridge import Bridge
from tests.lab.livenode import DEVICE, live_node, model_bytes
from tests.lab.simulated import node_module
from tests.lab.targets import interpreter
from tests.lab.unixnode import UnixNode
from tools.firmware.sources import ROOT
from xnornode.cli.main import main
from xnornode.errors import NodeError
from xnornode.link.mqtt_topics import is_name

identity = node_module("identity")


def test_a_node_keeps_its_name(tmp_path, capsys):
    with live_node(tmp_path, model_bytes(1)) as (_, bridge):
        port = ["--port", bridge.url]
        assert main(["name", *port]) == 0
        assert "none: `xnornode name NAME`" in capsys.readouterr().out
        assert main(["name", "kitchen-3", *port]) == 0
        printed = capsys.readouterr()
        assert "kitchen-3" in printed.out and "its user at the broker" in printed.err
        assert main(["name", "kitchen-3", *port]) == 0
        assert "broker" not in capsys.readouterr().err
        assert main(["name", "gateway", *port]) == 0
        assert "has a user 'gateway', who may do more" in capsys.readouterr().err
        assert main(["name", "kitchen-3", *port]) == 0
        capsys.readouterr()
        assert json.loads((tmp_path / "node.json").read_text()) == {"name": "kitchen-3"}
        assert main(["list", "--json", *port]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == "kitchen-3"
    with UnixNode([tmp_path / "main.py"], tmp_path, [DEVICE]) as again, Bridge(again.fd) as bridge:
        port = ["--port", bridge.url]
        assert main(["name", "--json", *port]) == 0
        assert json.loads(capsys.readouterr().out) == {"name": "kitchen-3", "device": ""}
        assert main(["list", *port]) == 0
        assert "kitchen-3" in capsys.readouterr().out
        assert main(["name", "--forget", *port]) == 0
        assert json.loads((tmp_path / "node.json").read_text()) == {}


@pytest.mark.quick
@pytest.mark.parametrize("words", [["a b"], ["_a"], ["x" * 33], ["k\u00fcche"], ["a", "--forget"]])
def test_a_wrong_name_is_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["name", *words, "--port", "socket://127.0.0.1:9"])
    assert ended.value.code == 2


@pytest.mark.quick
def test_the_node_and_the_pc_have_the_same_names():
    for text in (
        "a",
        "A-_9",
        "-a",
        "_a",
        "",
        "x" * 32,
        "x" * 33,
        "a b",
        "a\n",
        "\u00e4",
        "a/b",
        "a+",
    ):
        assert identity.is_name(text) == is_name(text), text


@pytest.mark.quick
@pytest.mark.parametrize("text", ["", "{", "[1]", '{"name":1}', '{"name":"a b"}', "\xff"])
def test_a_damaged_file_is_no_name_and_can_be_written_again(tmp_path, text):
    path = str(tmp_path / "node.json")
    with open(path, "w", encoding="latin-1") as f:
        f.write(text)
    assert identity.read_name(path) == ""
    identity.write_name(path, "kitchen")
    assert identity.read_name(path) == "kitchen"


@pytest.mark.quick
def test_other_keys_of_the_file_stay(tmp_path):
    path = tmp_path / "node.json"
    path.write_text('{"later":[1]}')
    identity.write_name(str(path), "kitchen")
    identity.write_name(str(path), "attic")
    assert json.loads(path.read_text()) == {"later": [1], "name": "attic"}
    identity.write_name(str(path), "")
    assert json.loads(path.read_text()) == {"later": [1]}


def test_a_power_cut_leaves_the_old_name_or_the_new_one():
    """At each flash operation, in half of it, and in any part of it."""
    script = ROOT / "tests" / "lab" / "node_scripts" / "name_cuts.py"
    found = interpreter("unix")
    environment = found.environment()
    environment["MICROPYPATH"] += f":{script.parent}"
    command = [*found.command, "-X", "heapsize=16M", str(script)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [(*line[:2], line[3]) for line in lines] == [
        ("-", "kitchen", "True"),
        ("kitchen", "attic", "True"),
        ("attic", "-", "True"),
    ]
    assert all(int(line[2]) > 0 for line in lines)


@pytest.mark.quick
def test_a_node_whose_library_is_older_says_so_and_what_to_do():
    assert "up to date with `xnornode update`" in str(NodeError("unknown", "no such command"))
