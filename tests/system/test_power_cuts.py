"""The power goes at each flash operation of a set-up, a push, a rollback: the node classifies."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from tests.lab.faultlab import LENGTH, lab_models
from tests.lab.livenode import CHANNELS
from tests.lab.powerlab import PowerLab
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from xnornode.cli.main import main
from xnornode.link.push import push
from xnornode.model.file_format import to_bytes

STEPS = ("set-up", "push", "third push", "rollback", "push again", "starts without a window")


def in_ram(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """All power cuts of a node's life on littlefs in RAM, in the unix build."""
    paths = []
    for i, model in enumerate(lab_models()):
        paths.append(folder / f"{i}.bnn")
        paths[-1].write_bytes(to_bytes(model))
    draw = random.Random(1)
    window = json.dumps([draw.randrange(-2000, 2000) for _ in range(len(CHANNELS) * LENGTH)])
    command = [
        build("unix"),
        "-X",
        "heapsize=64M",
        ROOT / "tests" / "lab" / "node_scripts" / "powercuts.py",
    ]
    return subprocess.run(
        [*map(str, command), *options, window, *map(str, paths)],
        env={"MICROPYPATH": f"{ROOT / 'device'}:{ROOT / 'tests' / 'lab' / 'node_scripts'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def test_in_ram_whole_halves_and_shreds_of_operations(tmp_path):
    done = in_ram(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = {step["step"]: step for step in map(json.loads, done.stdout.splitlines())}
    assert tuple(steps) == STEPS
    for name, step in steps.items():
        n = step["operations"]
        assert step["cuts"] == {"before": n + 1, "half of": n, "shreds of": n}
        none, *found = step["active"]
        assert (none == 0) == (name != "set-up")
        assert all(found), f"{name}: each of the models was active after some cut"
    assert steps["push"]["operations"] > 40


def test_a_careless_store_is_found_out(tmp_path):
    """One that removes the old model before the new one is in its place."""
    done = in_ram(tmp_path, "--careless")
    assert done.returncode == 1
    assert "push: power cut " in done.stderr and "no model" in done.stderr


@pytest.fixture(scope="module")
def lab(pico_firmware, tmp_path_factory):
    return PowerLab(tmp_path_factory.mktemp("power"), pico_firmware)


def test_each_operation_of_a_push_and_a_rollback(lab):
    old, new = lab.files

    operations, after = lab.record(lab.ready, lambda pico: push(pico.url, new))
    found = lab.check_cuts(lab.ready, operations)
    assert {*found} == {old, new}
    assert len(operations) > 15 and any(operation.data is None for operation in operations)
    assert lab.active(after) == new

    operations, back = lab.record(after, lambda pico: main(["rollback", "--port", pico.url]))
    found = lab.check_cuts(after, operations)
    assert {*found} == {old, new}
    assert lab.active(back) == old


def test_each_operation_of_a_first_model(lab):
    """A node without a model says so, and takes one; there is no state between the two."""
    first = lab.files[0]
    operations, after = lab.record(lab.without_model, lambda pico: push(pico.url, first))
    assert lab.active(after) == first
    found = lab.check_cuts(lab.without_model, operations, then=first)
    assert {*found} == {None, first}
