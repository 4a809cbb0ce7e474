"""The options of commands that talk to an MQTT broker."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.cli.output import say
from xnornode.errors import LinkError
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import (
    FILE_VARIABLE,
    VARIABLES,
    BrokerSettings,
    broker_at,
    broker_settings,
)

TLS = "mqtts://"
PLAIN = "mqtt://"


def add_broker(parser: Any) -> None:
    """The options --broker, --config and --prefix."""
    group = parser.add_argument_group("broker")
    group.add_argument(
        "--broker",
        metavar="HOST[:PORT]",
        help=f"the MQTT broker; {TLS}HOST for TLS (default: that of --config, or localhost)",
    )
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="TOML with a table [broker], such as the gateway's (default: "
        f"${FILE_VARIABLE}); ${VARIABLES}PASSWORD and others count before it",
    )
    group.add_argument(
        "--prefix", metavar="TEXT", help="how topics begin (default: that of --config, or xnornode)"
    )


def settings_of(options: argparse.Namespace) -> BrokerSettings:
    """The broker that options, environment and file name; status 2 where it can be none."""
    try:
        if options.broker is None:
            settings = broker_settings(options.config)
        else:
            settings = named_broker(options.broker, options.config)
        return settings if options.prefix is None else replace(settings, prefix=options.prefix)
    except LinkError as error:
        options.wrong_usage(str(error))
        raise  # it does not come back


def named_broker(text: str, config: Path | None) -> BrokerSettings:
    """The broker that --broker names, with what is configured for it. Raises LinkError."""
    host, port, tls = read_broker(text)
    return broker_at(host, port, tls, config)


def read_broker(text: str) -> tuple[str, int, bool | None]:
    """Host, port (0: the usual one) and TLS (None: not said) of --broker. Raises LinkError."""
    rest = text.removeprefix(TLS).removeprefix(PLAIN)
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):  # an IPv6 address has colons of its own
        host, port = rest, ""
    elif not (port.isascii() and port.isdecimal() and 0 < int(port[:9]) <= 65535):
        raise LinkError(f"--broker {text}: {port!r} is no TCP port: HOST, or HOST:PORT")
    host = host.removeprefix("[").removesuffix("]")
    if not host or "/" in host or "@" in host:
        raise LinkError(
            f"--broker {text}: name a host, or HOST:PORT; a user's name and password are in the "
            "file or the environment"
        )
    tls = None if rest == text else text.startswith(TLS)
    return host, int(port or 0), tls


@contextmanager
def connected(settings: BrokerSettings, broker: Broker) -> Iterator[None]:
    """Have a broker's connection open; a context manager. Raises LinkError."""
    try:
        broker.start()
        broker.wait(once=True)
        yield
    finally:
        broker.close()


def make_broker(settings: BrokerSettings) -> Broker:
    """A client that is not connected yet. Raises XnorNodeError where paho-mqtt is missing."""
    return Broker(settings, say=say)
