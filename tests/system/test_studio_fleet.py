"""The page Fleet in a real browser, with a real broker and simulated nodes."""

import hashlib

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import NativeGateway, Watcher
from tests.lab.fleetsim import Fleet, model_file
from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor
from xnornode.fleet.hour_items import Hour, hours_payload
from xnornode.fleet.view import now_ms

OLD, NEW = model_file(1), model_file(2)


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.mark.parametrize("size, scheme", [("wide", "light"), ("narrow", "dark")])
def test_a_fleet_is_watched(browser, tmp_path, mosquitto, size, scheme):
    with (
        Fleet(mosquitto.settings(), ["kitchen", "hall"], tmp_path, OLD, rate=10) as fleet,
        NativeGateway(mosquitto.settings()),
        Watcher(mosquitto.settings()) as watcher,
        StudioProcess(tmp_path / "data") as studio,
        Visitor(browser, studio.address, size, scheme) as visitor,
    ):
        hour = Hour(100, {"class 0": 75, "unknown": 25}, 90_000, 100)
        start = now_ms() // 3_600_000 * 3_600_000
        told = hours_payload({(start, hashlib.sha256(OLD).hexdigest()): hour})
        watcher.broker.publish_all([("xnornode/hall/hour", told)])
        visitor.go("Fleet")
        page = visitor.page
        page.get_by_label("Host").fill("127.0.0.1")
        page.get_by_label("TCP port").fill(str(mosquitto.port))
        visitor.click("Watch this broker")
        page.get_by_text("2 of 2 nodes are there").wait_for()
        hall = page.get_by_role("row").filter(has_text="hall")
        hall.filter(has_text="class 0 75 %, unknown 25 %").filter(has_text="90.0 %").wait_for()
        watcher.give(NEW, "hall")
        hall.filter(has_text="UPDATED").filter(has_text="net 2").wait_for()
        fleet.away("kitchen")
        page.get_by_text("1 of 2 nodes are there").wait_for()
        page.get_by_label("Show only").fill("away")
        page.get_by_role("row").filter(has_text="hall").wait_for(state="detached")
        visitor.picture(f"fleet-{size}-{scheme}")
        assert visitor.too_wide() == [] and visitor.findings() == []
