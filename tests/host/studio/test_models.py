"""Models that are kept: what is said of them, and what becomes of them."""

import json
import shutil

import aiohttp
import pytest
from yarl import URL

from tests.lab.gesture_folder import write_gestures
from tests.lab.studio_app import Client, with_studio
from xnornode.data.prepare import prepare
from xnornode.datasets.load import load_dataset
from xnornode.export.fold import fold
from xnornode.model.model_file import load_model, save_model
from xnornode.nn.layer_spec import Dense
from xnornode.report.metrics import make_report, to_json
from xnornode.studio import train_data
from xnornode.studio.models_kept import KeptModels, write_made
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of data with a model that is kept, as a training leaves it."""
    data = write_gestures(tmp_path_factory.mktemp("made") / "gestures", "abc", 1)
    splits = prepare(load_dataset(str(data)), length=64)
    trained = train(splits, TrainConfig(layers=(Dense(16),), epochs=4))
    model = fold(trained)
    place = data / ".studio" / "models" / "first"
    place.mkdir(parents=True)
    save_model(model, place / "model.bnn")
    report = make_report(model, trained, splits, "xnornode train x", "today")
    (place / "report.json").write_text(to_json(report))
    (place / "report.html").write_text("<!doctype html><title>r</title><script>alert(1)</script>")
    about = {
        "kind": "train",
        "name": "",
        "options": {"--epochs": "4"},
        "command": "xnornode train x",
    }
    write_made(place, {**about, "data": train_data.look_at(data)})
    return data


@pytest.fixture
def data(made, tmp_path):
    return shutil.copytree(made, tmp_path / "gestures")


def test_a_model_is_shown_with_what_made_it(data):
    async def use(client: Client) -> None:
        [model] = (await client.get("/api/models"))["models"]
        file = data / ".studio" / "models" / "first" / "model.bnn"
        assert (model["name"], model["state"]) == ("first", "ready")
        assert model["made"]["command"] == "xnornode train x"
        assert model["made"]["data"]["classes"] == {"circle": 3, "rest": 3, "shake": 3}
        assert model["changed"] == {"added": 0, "removed": 0, "changed": 0}
        result = model["result"]
        assert result["bytes"] == file.stat().st_size
        assert result["labels"] == list(load_model(file).labels)
        assert sum(map(sum, result["confusion"])) > 0
        assert {t["chip"] for t in result["times"]} == {"RP2040", "ESP32"}
        whole = await client.get("/api/models/first")
        assert whole["report"]["accuracy"] == result["accuracy"]
        note = json.loads((file.parent / "made.json").read_text())
        assert note["result"]["bytes"] == result["bytes"]

    with_studio(data, use)


def test_changes_of_the_data_are_counted(data):
    write_gestures(data, "d", 4)
    (data / "rest" / "a" / "1.rec").unlink()
    path = data / "rest" / "b" / "1.rec"
    path.write_bytes(path.read_bytes()[:-12])

    async def use(client: Client) -> None:
        [model] = (await client.get("/api/models"))["models"]
        assert model["changed"] == {"added": 12, "removed": 1, "changed": 1}

    with_studio(data, use)


def test_the_report_runs_nothing(data):
    async def use(client: Client) -> None:
        url = f"{client.origin}/api/models/first/report.html"
        async with client.session.get(url) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "sandbox" in policy and "default-src 'none'" in policy
            assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
            assert response.content_type == "text/html"
        async with client.session.get(f"{client.origin}/api/models/first/model.bnn") as response:
            assert response.headers["Content-Disposition"].startswith("attachment")
            file = data / ".studio" / "models" / "first" / "model.bnn"
            assert await response.read() == file.read_bytes()

    with_studio(data, use)


def test_rename_delete_and_bring_back(data):
    async def use(client: Client) -> None:
        kept = data / ".studio" / "models"
        (kept / "taken").mkdir()
        assert "already" in await client.refused("/api/models/first/rename", {"to": "taken"})
        assert "folder" in await client.refused("/api/models/first/rename", {"to": "../up"})
        assert "not done" in await client.refused("/api/models/taken/rename", {"to": "x"})
        assert (await client.post("/api/models/first/rename", {"to": "new ü"}))["name"] == "new ü"
        there = (await client.post("/api/models/new ü/remove"))["bin"]
        (kept / "new ü").mkdir()
        found = await client.get("/api/models")
        assert found["bin"] == [there]
        assert (await client.post("/api/models/back", {"bin": there}))["name"] == "new ü-2"
        assert (kept / "new ü-2" / "model.bnn").is_file()
        assert "not in the bin" in await client.refused("/api/models/back", {"bin": "../models"})

    with_studio(data, use)


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc", "nobody", "%00", ".", "first%0a"]
)
def test_hostile_names_lead_nowhere(data, name):
    async def use(client: Client) -> None:
        for path in (f"/api/models/{name}/report.html", f"/api/models/{name}"):
            url = URL(client.origin + path, encoded=True)
            async with client.session.get(url) as response:
                assert response.status in (400, 404), path
        url = URL(f"{client.origin}/api/models/{name}/remove", encoded=True)
        headers = {"Origin": client.origin}
        async with client.session.post(url, json={}, headers=headers) as response:
            assert response.status in (400, 404, 405)
        assert (data / ".studio" / "models" / "first" / "model.bnn").is_file()

    with_studio(data, use)


def test_a_link_in_the_folder_is_not_followed(data, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "report.html").write_text("secret")
    (data / ".studio" / "models" / "link").symlink_to(secret)
    (data / ".studio" / "models" / "first" / "report.html").unlink()
    (data / ".studio" / "models" / "first" / "report.html").symlink_to(secret / "report.html")

    async def use(client: Client) -> None:
        for name in ("link", "first"):
            status, body = await client.raw("GET", f"/api/models/{name}/report.html")
            assert status == 400 and b"secret" not in body

    with_studio(data, use)


def test_models_from_elsewhere_are_added_and_checked(data):
    good = (data / ".studio" / "models" / "first" / "model.bnn").read_bytes()

    async def use(client: Client) -> None:
        async def send(name: str, content: bytes) -> tuple[int, dict]:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("file", content, filename=name)
            headers = {"Origin": client.origin}
            async with client.session.post(
                f"{client.origin}/api/models", data=form, headers=headers
            ) as response:
                return response.status, await response.json()

        assert await send("first.bnn", good) == (200, {"names": ["first-2"]})
        assert await send("a/../../x.bnn", good) == (200, {"names": ["x"]})
        assert await send("...", good) == (200, {"names": ["model"]})
        for bad in (b"", b"nonsense", good[:-1], good[:60] + b"\xff" + good[61:]):
            status, content = await send("bad.bnn", bad)
            assert status == 400 and content["error"].startswith("bad.bnn: "), content
        models = {m["name"]: m for m in (await client.get("/api/models"))["models"]}
        assert models.keys() == {"first", "first-2", "x", "model"}
        added = models["first-2"]
        assert (added["made"]["kind"], added["changed"]) == ("added", None)
        assert added["result"]["accuracy"] is None and added["result"]["bytes"] == len(good)
        assert "made elsewhere" in await client.refused("/api/models/first-2/again", {})

    with_studio(data, use)


def test_damaged_files_are_named_and_stop_nothing(data):
    kept = data / ".studio" / "models"
    for name, content in {"a": b"", "b": b"{}", "c": b"\xff" * 99}.items():
        (kept / name).mkdir()
        for file in ("model.bnn", "report.json", "made.json"):
            (kept / name / file).write_bytes(content)
    (kept / "stray").write_text("no folder")

    async def use(client: Client) -> None:
        models = {m["name"]: m for m in (await client.get("/api/models"))["models"]}
        assert models.keys() == {"first", "a", "b", "c"}
        assert all(models[name]["result"]["problem"] for name in "abc")
        assert models["first"]["result"]["accuracy"] is not None

    with_studio(data, use)


def test_no_push_without_a_node(data):
    async def use(client: Client) -> None:
        client.studio.link.choose(None)
        assert "no node is chosen" in await client.refused("/api/models/first/push", {})

    with_studio(data, use)


def test_names_that_are_taken_get_numbers(tmp_path):
    models = KeptModels(tmp_path / "models", tmp_path / "bin")
    assert [models.claim("x") for _ in range(3)] == ["x", "x-2", "x-3"]
    long = "ü" * 31
    assert [len(models.claim(long).encode()) for _ in range(2)] == [62, 62]
