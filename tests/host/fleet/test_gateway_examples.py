"""The examples of a gateway are of its settings, its topics and its command."""

import re
import shutil
import subprocess

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import Watcher
from tools.firmware.sources import ROOT
from xnornode.cli.main import _parser
from xnornode.fleet.gateway_config import read_settings

FOLDER = ROOT / "examples" / "gateway"


@pytest.mark.quick
def test_each_key_of_the_file_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    text = (FOLDER / "fleet.toml").read_text()
    (tmp_path / "fleet.toml").write_text(text)
    assert read_settings(tmp_path / "fleet.toml").allow == ("push", "rollback")
    whole = re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.M)
    assert whole.count("\n#") < text.count("\n#")
    (tmp_path / "password").write_text("word\n")
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "ca").write_text("")
    whole = whole.replace("/etc/xnornode/node.key", str(tmp_path / "key"))
    whole = whole.replace("/etc/xnornode/ca.pem", str(tmp_path / "ca"))
    (tmp_path / "whole.toml").write_text(whole)
    made = read_settings(tmp_path / "whole.toml")
    assert made.broker.password == "word" and made.require_signed and made.native
    assert made.nodes[0].name == "kitchen" and not made.usb


@pytest.mark.quick
@pytest.mark.parametrize("name", ["xnornode-gateway.service", "Containerfile"])
def test_the_command_that_is_started_is_one(name):
    text = (FOLDER / name).read_text()
    words = re.search(r"xnornode (gateway /\S+)", text)
    if name == "Containerfile":
        words = re.search(r'"(gateway)"\]\nCMD \["(/\S+)"\]', text)
    assert words
    _parser(["gateway"]).parse_args(" ".join(words.groups()).split())


@pytest.mark.quick
def test_the_service_is_one():
    tool = shutil.which("systemd-analyze")
    if not tool:  # only looked at where it is: the file says the same everywhere
        assert "[Service]" in (FOLDER / "xnornode-gateway.service").read_text()
        return
    done = subprocess.run(
        [tool, "verify", str(FOLDER / "xnornode-gateway.service")], capture_output=True, text=True
    )
    wrong = [line for line in done.stderr.splitlines() if "xnornode-gateway.service" in line]
    assert all("is not executable" in line for line in wrong), done.stderr


def test_the_access_list_lets_each_do_its_work(tmp_path):
    users = dict.fromkeys(("gateway", "operator", "homeassistant", "yard"), "w")
    with Mosquitto(tmp_path / "broker", users, (FOLDER / "acl").read_text()) as broker:
        watchers = {
            name: Watcher(broker.settings(name, "w"), name=name)
            for name in ("gateway", "operator", "homeassistant")
        }
        node = Watcher(broker.settings("yard", "w"), "xnornode/yard/command/+", "yard")
        node.publish("yard/prediction", b"1")
        node.publish("shed/prediction", b"2")  # of another node
        watchers["homeassistant"].publish("yard/model/install", b"4")
        watchers["homeassistant"].publish("yard/command/x", b"3")  # Mosquitto cuts it off here
        watchers["operator"].publish("yard/command/x", b"5")
        watchers["gateway"].publish("shed/state", b"6")
        for watcher in watchers.values():
            assert watcher.until(lambda watcher=watcher: len(watcher.came) == 4), watcher.came
            assert sorted(data for _, data, _ in watcher.came) == [b"1", b"4", b"5", b"6"]
        assert node.until(lambda: node.came)
        assert [data for _, data, _ in node.came] == [b"5"]
        for watcher in (*watchers.values(), node):
            watcher.close()


def test_mosquitto_takes_the_configuration(tmp_path):
    """With this computer's paths in place of the server's; TLS is asked for."""
    with Mosquitto(tmp_path / "broker", {"gateway": "w"}, tls=True) as broker:
        given = (tmp_path / "broker" / "mosquitto.conf").read_text()
    text = (FOLDER / "mosquitto.conf").read_text()
    words = {line.split()[0]: line for line in given.splitlines() if line}
    for name in ("certfile", "keyfile", "password_file"):
        assert re.search(rf"^{name} ", text, re.M)
        text = re.sub(rf"^{name} .*", words[name], text, flags=re.M)
    text = re.sub(r"^acl_file .*", f"acl_file {FOLDER / 'acl'}", text, flags=re.M)
    text = text.replace("listener 8883", words["listener"])
    (tmp_path / "broker" / "mosquitto.conf").write_text(text + "\n" + words.get("user", ""))
    with broker:
        watcher = Watcher(broker.settings("gateway", "w"))
        watcher.publish("shed/state", b"1")
        assert watcher.until(lambda: watcher.came)
        watcher.close()
