"""`xnornode gateway --broker`, and what a Ctrl-C leaves of commands that write no file."""

from dataclasses import replace

import pytest

from xnornode.cli import main as command
from xnornode.cli.gateway import _named
from xnornode.cli.main import main
from xnornode.errors import LinkError
from xnornode.link.mqtt_settings import BrokerSettings

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("text", ["localhost:abc", "localhost:", "", "host:0", "me@host"])
def test_what_is_no_broker(text, capsys):
    with pytest.raises(SystemExit) as left:
        main(["gateway", "--broker", text])
    assert left.value.code == 2 and "--broker" in capsys.readouterr().err


def test_a_broker_that_the_command_line_names():
    settings = BrokerSettings("a.lan", 0, "gateway", "secret", tls=True)
    assert _named(settings, "a.lan:8884") == replace(settings, port=8884)
    other = _named(settings, "mqtt://b.lan")
    assert (other.host, other.password, other.tls) == ("b.lan", "", False)
    with pytest.raises(LinkError, match="take mqtts"):
        _named(settings, "mqtt://a.lan")
    assert _named(BrokerSettings("localhost", 0, "me", "x"), "[fd00::1]:1884").where == (
        "fd00::1:1884"
    )


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["fleet", "status"], "stopped"),
        (["fleet", "push"], "stopped; what the broker was told before stays there"),
        (["gateway"], "stopped"),
        (["train"], "stopped; nothing was written"),
    ],
)
def test_ctrl_c(arguments, said, monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_main", interrupted)
    assert main(arguments) == 1 and capsys.readouterr().err == f"xnornode: {said}\n"
