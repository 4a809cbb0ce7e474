"""Trainings that a page begins: the command line's own, and there again whatever happens."""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from importlib import import_module

import pytest

from tests.lab.gesture_folder import write_gestures
from tests.lab.studio_app import Client, with_studio
from tests.lab.studio_process import StudioProcess, wait
from xnornode.cli.main import MODULES
from xnornode.cli.option_forms import WrongUsage, check, describe
from xnornode.errors import XnorNodeError
from xnornode.studio.train_command import KEPT_BACK, OWN, arguments, offered
from xnornode.studio.train_plan import Planner

SHORT = {"--quick": True, "--epochs": "6", "--no-baselines": True}
LONG = {"--layers": "256,256,256", "--epochs": "100000", "--no-baselines": True}


@pytest.fixture
def data(tmp_path):
    return write_gestures(tmp_path / "gestures", "abc", 1)


async def ended(client: Client, id: str) -> dict:
    while (job := (await client.get(f"/api/jobs/{id}"))["job"])["state"] == "running":
        await asyncio.sleep(0.05)
    return job


async def said(client: Client, id: str, kind: str) -> None:
    """Wait until a job has said something of this kind."""
    while True:
        talk = (await client.get(f"/api/jobs/{id}/talk"))["talk"]
        job = (await client.get(f"/api/jobs/{id}"))["job"]
        if any(kind in line for line in talk):
            return
        assert job["state"] == "running", talk
        await asyncio.sleep(0.05)


async def start(client: Client, options: dict, kind: str = "train", name: str = "") -> dict:
    return await client.post("/api/train/start", {"kind": kind, "options": options, "name": name})


@pytest.mark.parametrize("command", ["train", "search"])
def test_options_are_the_parsers(command):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    import_module(f"xnornode.cli.{MODULES[command]}").add_parsers(commands)
    shown = {
        a.option_strings[-1]: a
        for a in commands.choices[command]._actions
        if a.option_strings and a.help != argparse.SUPPRESS and a.dest != "help"
    }
    told = [one for group in describe(command) for one in group["options"]]
    assert [one["option"] for one in told] == list(shown)
    for one in told:
        action = shown[one["option"]]
        assert one["help"] == action.help.replace("%%", "%")
        assert one["choices"] == [str(c) for c in action.choices or ()]
        assert one["flag"] == (action.nargs == 0)
        if one["default"]:
            assert str(action.default) == one["default"]
    form = {one["option"] for group in offered(describe(command)) for one in group["options"]}
    assert form == set(shown) - {*OWN, *KEPT_BACK}


def test_a_page_learns_what_a_command_refuses_before_it_runs():
    for argv, says in [
        (["search", "d", "-o", "m.bnn"], "a search needs a budget"),
        (["train", "d", "-o", "m.bnn", "--smoothing", "3"], "--smoothing"),
        (["train", "d", "-o", "m.bnn", "--false-accepts", "1"], "needs --wake"),
        (["train", "d", "-o", "m.bnn", "--window", "-3"], "at least 1"),
        (["train", "d"], "-o/--output"),
    ]:
        with pytest.raises(WrongUsage, match=says):
            check(argv)
    check(["train", "d", "-o", "m.bnn"])


def test_only_what_differs_from_the_defaults_is_on_the_command_line():
    chosen = {
        "--epochs": " 7 ",
        "--seed": "0",
        "--window": "",
        "--quick": False,
        "--split": "group",
    }
    assert arguments(describe("train"), chosen) == ["--epochs", "7"]
    chosen = {"--background": ["rest", "- none"], "--balanced": True}
    said = arguments(describe("train"), chosen)
    assert said == ["--balanced", "--background", "rest", "--background=- none"]


def test_the_page_gives_the_file_of_the_command_line(data, tmp_path):
    found = {}

    async def use(client: Client) -> None:
        form = await client.get("/api/train/form")
        assert form["classes"] == {"circle": 3, "rest": 3, "shake": 3}
        begun = await start(client, SHORT)
        job = await ended(client, begun["job"]["id"])
        assert job["state"] == "done", job["error"]
        talk = (await client.get(f"/api/jobs/{job['id']}/talk"))["talk"]
        epochs = [line["epoch"]["number"] for line in talk if "epoch" in line]
        assert epochs == [1, 2, 3, 4, 5, 6]
        again = await start(client, SHORT)
        assert again["name"] == "gestures-2"
        await ended(client, again["job"]["id"])
        found["command"] = job["command"]

    with_studio(data, use)
    place = data / ".studio" / "models" / "gestures"
    own = tmp_path / "own.bnn"
    options = ["--quick", "--epochs", "6", "--no-baselines"]
    command = [sys.executable, "-m", "xnornode", "train", str(data), "-o", str(own), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert (place / "model.bnn").read_bytes() == own.read_bytes()
    assert (place.parent / "gestures-2" / "model.bnn").read_bytes() == own.read_bytes()
    made = json.loads((place / "made.json").read_text())
    assert made["command"] == found["command"]
    assert made["options"] == SHORT
    assert made["data"]["classes"] == {"circle": 3, "rest": 3, "shake": 3}
    assert json.loads((place / "report.json").read_text())["command"] == found["command"]


def test_one_training_at_a_time_and_no_folder_of_one_that_did_not_begin(data):
    async def use(client: Client) -> None:
        begun = await start(client, LONG)
        told = await client.refused(
            "/api/train/start", {"kind": "train", "options": SHORT, "name": "other"}
        )
        assert told.startswith("training of gestures runs")
        assert [p.name for p in (data / ".studio" / "models").iterdir()] == ["gestures"]
        assert "runs" in await client.refused("/api/models/gestures/remove", {})
        await client.post(f"/api/jobs/{begun['job']['id']}/stop")
        await ended(client, begun["job"]["id"])

    with_studio(data, use)


def test_stopped_and_gone_on_with_gives_the_same_file(data):
    options = {**SHORT, "--epochs": "600", "--layers": "256,256"}
    del options["--quick"]

    async def use(client: Client) -> None:
        begun = await start(client, options)
        await said(client, begun["job"]["id"], "epoch")
        await client.post(f"/api/jobs/{begun['job']['id']}/stop")
        job = await ended(client, begun["job"]["id"])
        assert job["state"] == "stopped" and job["resumable"], job
        [model] = (await client.get("/api/models"))["models"]
        assert (model["state"], model["result"]) == ("unfinished", None)
        new = await client.post("/api/train/again", {"job": job["id"]})
        assert new["went_on"]
        job = await ended(client, new["job"]["id"])
        assert job["state"] == "done", job["error"]
        whole = await start(client, options)
        await ended(client, whole["job"]["id"])

    with_studio(data, use)
    kept = data / ".studio" / "models"
    assert [p.name for p in sorted(kept.iterdir())] == ["gestures", "gestures-2"]
    one, other = (kept / name / "model.bnn" for name in ("gestures", "gestures-2"))
    assert one.read_bytes() == other.read_bytes()
    assert not list(kept.rglob("*.checkpoint*"))


def test_what_left_nothing_begins_anew(data):
    async def use(client: Client) -> None:
        begun = await start(client, {**SHORT, "--test": "nobody"})
        job = await ended(client, begun["job"]["id"])
        assert job["state"] == "failed" and "nothing belongs to group nobody" in job["error"]
        assert not job["resumable"]
        new = await client.post("/api/train/again", {"job": job["id"]})
        assert not new["went_on"]
        job = await ended(client, new["job"]["id"])
        assert "nothing belongs to group nobody" in job["error"]
        assert (await client.get("/api/models"))["models"][0]["state"] == "unfinished"

    with_studio(data, use)


def test_a_stopped_training_whose_data_have_changed_begins_anew(data):
    options = {**SHORT, "--epochs": "30000", "--layers": "256,256"}

    async def use(client: Client) -> None:
        begun = await start(client, options)
        await said(client, begun["job"]["id"], "epoch")
        await client.post(f"/api/jobs/{begun['job']['id']}/stop")
        job = await ended(client, begun["job"]["id"])
        write_gestures(data, "ab", 1, first=2)
        new = await client.post("/api/train/again", {"job": job["id"]})
        job = await ended(client, new["job"]["id"])
        assert job["state"] == "failed" and "of other settings or data" in job["error"]
        new = await client.post("/api/train/again", {"job": job["id"], "restart": True})
        assert not new["went_on"] and new["job"]["argv"][-1] == "--restart"
        await client.post(f"/api/jobs/{new['job']['id']}/stop")
        await ended(client, new["job"]["id"])
        [model] = (await client.get("/api/models"))["models"]
        assert model["changed"] == {"added": 0, "removed": 0, "changed": 0}

    with_studio(data, use)


def test_a_killed_studio_finds_its_training_again(data):
    with StudioProcess(data) as first:
        body = {"kind": "train", "options": {**LONG, "--epochs": "3000"}, "name": "long"}
        status, _, content = first.ask("POST", "/api/train/start", json.dumps(body).encode())
        assert status == 200, content
        id = json.loads(content)["job"]["id"]

        def epochs(studio: StudioProcess) -> list[int]:
            talk = json.loads(studio.ask("GET", f"/api/jobs/{id}/talk")[2])["talk"]
            return [line["epoch"]["number"] for line in talk if "epoch" in line]

        wait(lambda: epochs(first), "an epoch")
        first.end(signal.SIGKILL)
    with StudioProcess(data) as second:
        job = json.loads(second.ask("GET", f"/api/jobs/{id}")[2])["job"]
        assert (job["state"], job["about"]) == ("running", {"model": "long"})
        before = epochs(second)
        assert before[0] == 1
        second.ask("POST", f"/api/jobs/{id}/stop", b"{}")

        def state() -> str:
            return json.loads(second.ask("GET", f"/api/jobs/{id}")[2])["job"]["state"]

        wait(lambda: state() != "running", "the end of the training")
        assert state() == "stopped"


def test_a_search_within_a_budget(data):
    options = {"--bytes": "2000", "--trials": "3", "--epochs": "9", "--no-baselines": True}

    async def use(client: Client) -> None:
        told = await client.refused(
            "/api/train/start", {"kind": "search", "options": {"--trials": "3"}, "name": ""}
        )
        assert "a search needs a budget" in told
        begun = await start(client, options, "search", "small")
        job = await ended(client, begun["job"]["id"])
        assert job["state"] == "done", job["error"]
        talk = (await client.get(f"/api/jobs/{job['id']}/talk"))["talk"]
        tried = [line["candidate"] for line in talk if "candidate" in line]
        assert {one["state"] for one in tried} >= {"tried", "chosen"}
        assert all(one["bytes"] <= 2000 for one in tried)
        model = await client.get("/api/models/small")
        assert model["result"]["bytes"] <= 2000 and model["result"]["model"] == "small"
        assert model["search"]["budget"]["bytes"] == 2000
        assert model["report"]["accuracy"] == model["result"]["accuracy"]

    with_studio(data, use)


def test_what_would_be_tried_is_said_before(data):
    async def use(client: Client) -> None:
        ask = {"kind": "train", "options": {"--window": "1s"}, "name": ""}
        plan = (await client.post("/api/train/plan", ask))["plan"]
        assert plan["labels"] == ["circle", "rest", "shake"]
        assert plan["window"]["length"] == 50
        assert plan["candidates"][0]["name"] == "statistics, binary 128-64"
        assert all(one["bytes"] > 0 and one["times"] for one in plan["candidates"])
        assert {group["name"] for group in plan["understood"]["groups"]} == set("abc")
        assert not (data / ".studio" / "models").exists()
        ask["options"] = {"--test": "nobody"}
        told = await client.refused("/api/train/plan", ask)
        assert told == "nothing belongs to group nobody: the groups are a, b, c"

    with_studio(data, use)


def test_only_the_newest_question_is_answered(data):
    async def use(client: Client) -> None:
        asks = [{"kind": "train", "options": {"--window": w}, "name": ""} for w in ("1s", "2s")]
        first = asyncio.create_task(client.post("/api/train/plan", asks[0]))
        await asyncio.sleep(0.3)
        second = await client.post("/api/train/plan", asks[1])
        assert second["plan"]["window"]["length"] == 100
        assert (await first)["plan"] is None

    with_studio(data, use)


def test_no_page_gives_options_or_names_that_are_not_its_own(data):
    hostile = [
        ({"--output": "/etc/x"}, "no option"),
        ({"--report": "x.html"}, "no option"),
        ({"--checkpoint": "x"}, "no option"),
        ({"-o": "x"}, "no option"),
        ({"--epochs": 3}, "no value"),
        ({"--epochs": "3\n--output x"}, "no value"),
        ({"--epochs": "\0"}, "no value"),
        ({"--epochs": "9" * 5000}, "no value"),
        ({"--epochs": "many"}, "invalid int value"),
        ({"--quick": "yes"}, "takes no value"),
        ({"--background": ["x"] * 300}, "more than"),
    ]
    no_names = (
        "../x",
        "a/b",
        ".hidden",
        "..",
        "con",
        "a\\b",
        "x\0y",
        "é" * 40,
        "a\nb",
        "x.",
        "<b>",
    )

    async def use(client: Client) -> None:
        for options, says in hostile:
            body = {"kind": "train", "options": options, "name": ""}
            assert says in await client.refused("/api/train/start", body), options
        for name in no_names:
            body = {"kind": "train", "options": SHORT, "name": name}
            assert await client.refused("/api/train/start", body), name
        body = {"kind": "record", "options": {}, "name": ""}
        assert "train or search" in await client.refused("/api/train/start", body)
        body = {"kind": "train", "options": {"--noise-folder": "--restart"}, "name": ""}
        said = await client.post("/api/train/command", body)
        assert "--noise-folder=--restart" in said["command"]
        assert not (data / ".studio" / "models").exists()

    with_studio(data, use)


def test_without_data_the_page_says_so(tmp_path):
    async def use(client: Client) -> None:
        form = await client.get("/api/train/form")
        assert form["classes"] == {}
        told = await client.refused("/api/train/plan", {"kind": "train", "options": {}})
        assert "none" in told and "no" in told

    with_studio(tmp_path / "none", use)


def test_a_plan_runs_no_code_of_the_data(tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w').close()\nraise SystemExit(3)\n"
    for name in ("random.py", "numpy.py", "json.py"):
        (tmp_path / name).write_text(code)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(XnorNodeError):
        asyncio.run(Planner().ask(["train", "none", "-o", "m.bnn", "--dry-run", "--json"], ""))
    assert not ran.exists()
