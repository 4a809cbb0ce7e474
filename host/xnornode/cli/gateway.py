"""`xnornode gateway`: nodes on serial ports and TCP to an MQTT broker."""

import argparse
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode._extras import load_extra
from xnornode.cli.command import add_command, number
from xnornode.cli.output import say
from xnornode.cli.port_options import checker
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.addresses import checked_name

FIRST_LOOK = 20.0
"""Seconds in which the broker has to refuse this gateway, if it does; it may also come later."""
EXAMPLE = "fleet.toml"


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode gateway`."""
    parser = add_command(
        commands,
        "gateway",
        "carry nodes to an MQTT broker",
        "Publish on an MQTT broker what nodes on serial ports and TCP predict, and pass commands "
        "to them. Boards are found as they come and go. What the broker does not take waits on "
        "disk. Other commands share the nodes' ports with it. Runs until Ctrl-C or SIGTERM.",
        f"""
        xnornode gateway {EXAMPLE}
        xnornode gateway --broker broker.lan
        xnornode gateway --port /dev/ttyACM0 --port socket://10.0.0.7:5000
        """,
        usage="[FILE] [OPTIONS]",
    )
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="settings in TOML (examples/gateway)"
    )
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        type=checker(checked_name),
        metavar="PORT",
        help="a node's serial port or URL, beside those of the file; may be repeated",
    )
    parser.add_argument(
        "--broker",
        metavar="HOST[:PORT]",
        help="the broker; mqtts://HOST for TLS (default: localhost). User, password and "
        "certificates are in FILE, [broker], or in XNORNODE_MQTT_USER, _PASSWORD, _CA",
    )
    parser.add_argument("--name", help="the gateway's name (default: this computer's)")
    parser.add_argument(
        "--queue", metavar="FILE", help="file for what the broker does not take yet"
    )
    parser.add_argument(
        "--queue-bytes",
        type=number(int, least=100_000),
        metavar="N",
        help="how much of that at most (default: 64000000)",
    )
    parser.add_argument("--metrics", metavar="HOST:PORT", help="let Prometheus read there")
    parser.add_argument("--no-usb", action="store_true", help="take no boards that nobody named")
    parser.add_argument(
        "--start", action="store_true", help="start the program of boards that wait at their REPL"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode gateway`; the exit status. Raises XnorNodeError."""
    load_extra("paho.mqtt.client", "mqtt")
    from xnornode.fleet.gateway_config import read_settings

    try:
        settings = _with_options(read_settings(options.file), options)
    except XnorNodeError as error:
        options.wrong_usage(str(error))
    from xnornode.fleet import gateway_service as service
    from xnornode.fleet.gateway_parts import assemble

    if problem := service.too_few_files(len(settings.nodes), service.raise_file_limit()):
        say(problem)
    ends = threading.Event()
    _end_by_signals(ends)
    gateway, closing = assemble(settings, say)
    gateway.start()
    say(f"gateway {gateway.name}, broker {settings.broker.where}; Ctrl-C ends it")
    service.notify("READY=1")
    beat, ticks, refused = service.watchdog_seconds() or 1.0, -1, ""
    told = gateway.broker.why  # that it was not tried yet
    with suppress(KeyboardInterrupt):
        while not ends.wait(min(beat, 1.0)):
            if refused := gateway.broker.refused:
                break
            if gateway.broker.connected:
                told = ""  # from now on the connection says it by itself
            elif told and (why := gateway.broker.why) != told:
                say(f"the broker {settings.broker.where}: {why}; trying again")
                told = why
            if not (gateway.reactor.alive and gateway.broker.alive):
                raise XnorNodeError(
                    "a thread of the gateway has ended: please report what came before"
                )
            if gateway.ticks != ticks:
                ticks = gateway.ticks
                service.notify("WATCHDOG=1")
    service.notify("STOPPING=1")
    closing()
    left = gateway.close()
    if refused:
        raise LinkError(f"the broker {settings.broker.where}: {refused}")
    kept = f"; {left:,} messages wait in {settings.queue_file}" if left else ""
    say(f"the gateway has ended; {gateway.outbox.published:,} messages published{kept}")
    return 0


def _with_options(settings: Any, options: argparse.Namespace) -> Any:
    """Settings with what the command line says in place of the file's. Raises LinkError."""
    from xnornode.fleet.gateway_config import NodeSettings

    given = {
        name: value
        for name in ("name", "queue", "queue_bytes", "metrics")
        if (value := getattr(options, name)) is not None
    }
    if options.no_usb:
        given["usb"] = False
    if options.start:
        given["start"] = True
    if options.broker is not None:
        given["broker"] = _named(settings.broker, options.broker)
    nodes = settings.nodes + tuple(NodeSettings(str(port)) for port in options.port)
    return replace(settings, **given, nodes=nodes)


def _named(broker: Any, text: str) -> Any:
    """A broker's settings with what --broker says. Raises LinkError."""
    from xnornode.cli.broker_options import read_broker

    host, port, tls = read_broker(text)
    if host.lower() != broker.host.lower() and broker.host != "localhost":
        # A password goes to the broker only that it is configured for
        broker = replace(broker, user="", password="")
    elif tls is False and broker.tls:
        raise LinkError(f"the broker {host} is configured with TLS: take mqtts://{host}")
    if tls is False:
        broker = replace(broker, tls=False, ca="", cert="", key="")
    return replace(broker, host=host, port=port, tls=broker.tls or bool(tls))


def _end_by_signals(ends: threading.Event) -> None:
    """Have SIGTERM and Ctrl-C end it between two steps."""
    for each in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError):  # not the main thread
            signal.signal(each, lambda number, frame: ends.set())
