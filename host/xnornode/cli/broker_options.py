"""The options of commands that talk to an MQTT broker."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
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
    """The options --broker and --config."""
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


def settings_of(options: argparse.Namespace) -> BrokerSettings:
    """The broker that options, environment and file name; status 2 where it can be none."""
    try:
        if options.broker:
            return _named(options.broker, options.config)
        return broker_settings(options.config)
    except LinkError as error:
        options.wrong_usage(str(error))
        raise  # it does not come back


def _named(text: str, config: Path | None) -> BrokerSettings:
    """The broker of a text, with what is configured for it. Raises LinkError."""
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
    return broker_at(host, int(port or 0), tls, config)


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
