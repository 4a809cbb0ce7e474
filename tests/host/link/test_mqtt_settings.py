"""Settings of the broker, and names of topics."""

import argparse

import pytest

from xnornode.cli import broker_options
from xnornode.errors import LinkError
from xnornode.link.mqtt_settings import BrokerSettings, broker_at, broker_settings, from_environment
from xnornode.link.mqtt_topics import Address, Topics, is_name, name_of
from xnornode.link.mqtt_url import settings_of

pytestmark = pytest.mark.quick


def test_a_file_and_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "fleet.toml"
    path.write_text('[broker]\nhost = "broker.lan"\nuser = "operator"\nport = 1884\n')
    monkeypatch.setenv("XNORNODE_MQTT_PASSWORD", "secret")
    found = broker_settings(path)
    assert (found.where, found.user, found.password) == ("broker.lan:1884", "operator", "secret")


@pytest.fixture
def safe(tmp_path, monkeypatch):
    """A file with a password for a broker with TLS, which $XNORNODE_MQTT names."""
    path = tmp_path / "safe.toml"
    path.write_text(
        '[broker]\nhost = "safe.lan"\ntls = true\nuser = "operator"\npassword = "secret"\n'
    )
    monkeypatch.setenv("XNORNODE_MQTT", str(path))


@pytest.mark.parametrize(
    "named, who",
    [
        ("mqtts://safe.lan", ("operator", "secret")),
        ("mqtts://SAFE.lan:8883", ("operator", "secret")),
        ("mqtts://safe.lan:8884", ("", "")),
        ("mqtts://elsewhere.example", ("", "")),
        ("mqtt://elsewhere.example", ("", "")),
        ("mqtt://elsewhere.example:8883", ("", "")),
    ],
)
def test_a_stored_password_goes_to_its_own_broker_only(safe, named, who):
    option = argparse.Namespace(broker=named, config=None, prefix=None)
    for found in (settings_of(f"{named}/kitchen"), broker_options.settings_of(option)):
        assert (found.user, found.password) == who
        assert found.tls == named.startswith("mqtts")


def test_a_broker_that_is_configured_with_tls_is_not_reached_without(safe, monkeypatch):
    for host in ("safe.lan", "Safe.lan:1883"):
        with pytest.raises(LinkError, match=r"take mqtts://[sS]afe\.lan"):
            settings_of(f"mqtt://{host}/kitchen")
    bare = argparse.Namespace(broker="safe.lan", config=None, prefix=None)
    assert broker_options.settings_of(bare).tls
    monkeypatch.setenv("XNORNODE_MQTT_TLS", "1")  # for any host, as the environment names none
    with pytest.raises(LinkError, match="take mqtts://b"):
        settings_of("mqtt://b/kitchen")


def test_a_password_of_the_environment_is_for_its_host_if_it_has_one(safe, monkeypatch):
    monkeypatch.setenv("XNORNODE_MQTT_PASSWORD", "of the environment")
    assert settings_of("mqtts://b/kitchen").password == "of the environment"
    monkeypatch.setenv("XNORNODE_MQTT_HOST", "a")
    assert settings_of("mqtts://b/kitchen").password == ""
    assert settings_of("mqtts://a:99/kitchen").password == "of the environment"
    assert broker_at("b", 0, None).password == ""


@pytest.mark.parametrize(
    "text, says",
    [
        ("[broker]\nhots = 'x'\n", "there is no key `hots`"),
        ("[broker]\nport = '1883'\n", "`port` is a whole number"),
        ("[broker]\nport = 70000\n", "70000 is no TCP port"),
        ("[broker]\nport = true\n", "`port` is a whole number"),
        ("[broker]\nca = 'ca.pem'\n", "set `tls = true`"),
        ("[broker]\ntls = true\nca = 'nowhere.pem'\n", "there is no file nowhere.pem"),
        ("[broker]\ntls = true\ncert = 'a'\n", "go together"),
        ("broker = 1\n", "is a table"),
        ("[broker\n", "is no TOML"),
        ("[broker]\nprefix = 'a/#'\n", "is no prefix"),
        ("[broker]\nhost = ''\n", "host is empty"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, says):
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    with pytest.raises(LinkError, match=says) as found:
        broker_settings(path)
    assert str(path) in str(found.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(LinkError, match="No such file"):
        broker_settings(tmp_path / "none.toml")


@pytest.mark.parametrize("name, value", [("PORT", "x"), ("PORT", "99999999999"), ("TLS", "maybe")])
def test_the_environment_is_checked(name, value):
    with pytest.raises(LinkError, match=f"XNORNODE_MQTT_{name}"):
        from_environment(BrokerSettings(), {f"XNORNODE_MQTT_{name}": value})


TOPICS = [
    ("xnornode/kitchen/state", Address("state", "kitchen")),
    ("xnornode/kitchen/model/latest", Address("model/latest", "kitchen")),
    ("xnornode/kitchen/reply/a1", Address("reply", "kitchen", "a1")),
    ("xnornode/_gateway/pi/state", Address("_gateway/state", "pi")),
    ("xnornode/_model/" + "0a" * 32, Address("_model", "0a" * 32)),
    ("xnornode/_rollout/0123abcd", Address("_rollout", "0123abcd")),
]


@pytest.mark.parametrize("topic, address", TOPICS)
def test_topics_are_read_as_they_are_made(topic, address):
    topics = Topics()
    assert topics.read(topic) == address
    if address.kind.startswith("_"):
        assert topics.shared(address.kind, address.name) == topic
    else:
        assert topics.node(address.name, address.kind, address.client) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "other/kitchen/state",
        "xnornode",
        "xnornode/kitchen",
        "xnornode//state",
        "xnornode/kitchen/command",
        "xnornode/kitchen/command/a/b",
        "xnornode/kitchen/command/a-b",
        "xnornode/_model/12",
        "xnornode/_gateway/pi/model/latest",
        "xnornode/_x/state",
        "xnornode/k\u00fcche/state",
        "xnornode/" + "a" * 33 + "/state",
    ],
)
def test_other_topics_are_none(topic):
    assert Topics().read(topic) is None


@pytest.mark.parametrize("prefix", ["", "/a", "a/", "a//b", "a/+", "#", "$SYS", "a\0b"])
def test_no_prefix(prefix):
    with pytest.raises(LinkError, match="is no prefix"):
        Topics(prefix)


def test_names():
    assert is_name("a" * 32) and not is_name("a" * 33) and not is_name("") and not is_name("a\n")
    assert name_of("-pi 4.lan", "gateway") == "pi4lan"
