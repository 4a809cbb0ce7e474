"""The page Fleet: a broker that is named there, and what a page gets of its nodes."""

import json

import pytest

from tests.lab.brokerlab import Mosquitto, free_port
from tests.lab.fleetsim import Fleet, model_file
from tests.lab.studio_app import with_studio
from xnornode.studio.fleet_watch import FleetWatch
from xnornode.studio.settings import Settings

OTHER = {"host": "127.0.0.1", "port": 1, "user": "", "password": "", "tls": False, "prefix": "p"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("XNORNODE_MQTT", "XNORNODE_MQTT_HOST", "XNORNODE_MQTT_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def watch(tmp_path):
    return FleetWatch(Settings(tmp_path), lambda topic, message, keep: None)


@pytest.mark.quick
def test_without_a_broker_it_asks_for_one(tmp_path):
    assert watch(tmp_path).asked() == {"broker": None, "problem": ""}


@pytest.mark.quick
def test_a_password_is_not_written_down_and_not_told(tmp_path):
    watching = watch(tmp_path)
    watching.choose(**OTHER | {"user": "me", "password": "secret"})
    assert watching._broker().password == "secret"
    assert "secret" not in json.dumps(watching.asked())
    assert "secret" not in (tmp_path / "settings.json").read_text()
    assert watch(tmp_path)._broker().user == "me"


@pytest.mark.quick
def test_a_password_of_the_environment_goes_to_its_own_broker_only(tmp_path, monkeypatch):
    monkeypatch.setenv("XNORNODE_MQTT_HOST", "broker.lan")
    monkeypatch.setenv("XNORNODE_MQTT_PASSWORD", "secret")
    watching = watch(tmp_path)
    assert watching._broker().password == "secret"
    watching.choose(**OTHER | {"host": "other.lan"})
    assert watching._broker().password == ""
    watching.choose(**OTHER | {"host": "broker.lan", "port": 8883, "tls": True})
    assert watching._broker().password == ""
    watching.choose(**OTHER | {"host": "broker.lan", "port": 0})
    assert watching._broker().password == "secret"
    watching.leave()
    assert watching._broker().host == "broker.lan"


@pytest.mark.quick
def test_settings_that_somebody_has_damaged(tmp_path):
    (tmp_path / "settings.json").write_text('{"fleet": {"host": 5}}')
    assert "`host` is text" in watch(tmp_path).asked()["problem"]


def test_a_page_gets_the_nodes_of_the_broker(tmp_path):
    async def use(client):
        asked = OTHER | {"port": mosquitto.port, "prefix": "xnornode"}
        assert (await client.post("/api/fleet", asked))["broker"]["where"].startswith("127.0.0.1:")
        async with client.topics("fleet") as message:
            while not (found := (await message())["fleet"])["nodes"]:
                pass
        assert found["connected"]
        (row,) = found["nodes"]
        assert row["node"] == "hall" and row["there"] and row["model"] == "net 1"
        assert row["hours"]["predictions"] == 0 and not row["updates"]
        assert (await client.post("/api/fleet/leave"))["broker"] is None

    with (
        Mosquitto(tmp_path / "broker") as mosquitto,
        Fleet(mosquitto.settings(), ["hall"], tmp_path, model_file(1), rate=10),
    ):
        with_studio(tmp_path / "data", use)


def test_a_broker_that_is_not_there_is_said(tmp_path):
    async def use(client):
        await client.post("/api/fleet", OTHER | {"port": free_port()})
        async with client.topics("fleet") as message:
            while "nothing listens" not in (await message())["fleet"]["why"]:
                pass
        for wrong in ({"port": 70_000}, {"host": ""}, {"prefix": "a/#"}, {"tls": 1}):
            assert await client.refused("/api/fleet", OTHER | wrong)

    with_studio(tmp_path / "data", use)
