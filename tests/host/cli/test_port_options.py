"""--port, --baud and --lines: the same on every command, and checked before any work."""

import pytest

from tests.lab.livenode import model_bytes
from xnornode.cli.main import main
from xnornode.link.addresses import Port, usual_lines

pytestmark = pytest.mark.quick

COMMANDS = {
    "record": ["record", "data", "--label", "a"],
    "sensor": ["sensor", "mpu6050"],
    "push": ["push", "model.bnn"],
    "list": ["list"],
    "rollback": ["rollback"],
    "monitor": ["monitor"],
    "doctor": ["doctor"],
    "key": ["key", "node.key"],
    "guard": ["guard", "127.0.0.1:0", "/dev/none"],
}
WRONG = {
    ("--port", "socket://node"): "socket://node names no TCP port: socket://HOST:PORT",
    ("--port", "rfc2217://node"): "rfc2217://node names no TCP port: rfc2217://HOST:PORT",
    ("--port", "socket://node:70000"): "a TCP port is a number from 1 to 65535",
    ("--port", "socket://:5000"): "names no host",
    ("--port", "sock://node:5000"): "sock:// is no kind of port",
    ("--port", ""): "the port's name is empty",
    ("--baud", "fast"): "'fast' is no baud rate: take a whole number from 300 to 12000000",
    ("--baud", "0"): "'0' is no baud rate",
    ("--baud", "-9600"): "'-9600' is no baud rate",
    ("--lines", "up"): "'up' is none of both, dtr, rts, none, keep",
}


def refused(capsys, *arguments: str) -> str:
    """What is said on stderr, with exit status 2, and nothing on stdout."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 2 and not said.out
    return said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_value_is_wrong_usage(command, capsys, tmp_path, monkeypatch):
    """Nothing is made for it, such as a key."""
    monkeypatch.chdir(tmp_path)
    for (option, value), says in WRONG.items():
        given = COMMANDS[command]
        if command == "guard" and option == "--port":
            arguments = [*given[:-1], value]
        else:
            arguments = [*given, f"{option}={value}"]
        said = refused(capsys, *arguments)
        assert says in said and f"usage: xnornode {command}" in said
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("XNORNODE_PORT", "socket://node", "$XNORNODE_PORT: socket://node names no TCP port"),
        ("XNORNODE_BAUD", "fast", "$XNORNODE_BAUD: 'fast' is no baud rate"),
        ("XNORNODE_LINES", "up", "$XNORNODE_LINES: 'up' is none of both"),
    ],
)
def test_the_environment_is_checked_too(variable, value, says, capsys, monkeypatch):
    monkeypatch.setenv(variable, value)
    assert says in refused(capsys, "list")


def test_an_option_counts_before_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("XNORNODE_PORT", "socket://node")
    monkeypatch.setenv("XNORNODE_BAUD", "fast")
    assert main(["list", "--port", "/dev/no-such-port", "--baud", "9600"]) == 1
    assert "/dev/no-such-port is not there" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["push", "list", "doctor"])
@pytest.mark.parametrize("url", ["socket://no.invalid:5000", "rfc2217://no.invalid:5000"])
def test_a_host_that_nobody_knows(url, command, capsys, tmp_path):
    (tmp_path / "m.bnn").write_bytes(model_bytes())
    file = [str(tmp_path / "m.bnn")] if command == "push" else []
    assert main([command, *file, "--port", url]) == 1
    said = "".join(capsys.readouterr())
    assert "no host of this name is found" in said and "Traceback" not in said


def test_flash_checks_its_port_and_lines(capsys):
    """Its --baud is another one: the rate at which an ESP32's flash is written."""
    assert "socket://node names no TCP port" in refused(capsys, "flash", "--port", "socket://node")
    assert "'up' is none of both" in refused(capsys, "flash", "--lines", "up")


def test_ports_that_name_no_lines_take_those_of_the_command(monkeypatch):
    monkeypatch.setenv("XNORNODE_LINES", "dtr")
    with usual_lines("keep"):
        assert Port("x").lines == "keep" and Port("x", lines="none").lines == "none"
        with usual_lines(None):
            assert Port("x").lines == "keep"
    assert Port("x").lines == "dtr"
