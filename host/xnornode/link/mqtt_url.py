"""URLs of nodes on a broker: mqtt://[USER@]HOST[:PORT]/NODE[?prefix=PREFIX]."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

from xnornode.errors import LinkError
from xnornode.link.mqtt_settings import VARIABLES, BrokerSettings, broker_at
from xnornode.link.mqtt_topics import Topics, is_name

MQTT, MQTTS = "mqtt://", "mqtts://"
BROKER = (MQTT, MQTTS)
"""How the URLs of nodes on a broker begin; the second one is with TLS."""
_OPTIONS = ("prefix",)


def check_url(url: str) -> None:
    """Check a URL, without a look at the broker.

    Parameters
    ----------
    url : str
        It begins with one of BROKER.

    Raises
    ------
    LinkError
        If it cannot be one.

    Examples
    --------
    >>> check_url("mqtt://broker.lan")
    Traceback (most recent call last):
    ...
    xnornode.errors.LinkError: mqtt://broker.lan names no node: mqtt://HOST[:PORT]/NODE
    """
    kind = url[: url.index("//") + 2].lower()
    form = f"{kind}HOST[:PORT]/NODE"
    try:
        parts = urlsplit(url)
        host, options = parts.hostname, parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise LinkError(f"{url} is no address: {form}, or {kind}[IPv6]:PORT/NODE") from error
    if parts.password is not None:
        shown = url.replace(f":{parts.password}@", "@", 1)
        raise LinkError(
            f"{shown}: a password in an address can be read by others on this computer: put it "
            f"into the environment variable {VARIABLES}PASSWORD"
        )
    if not host:
        raise LinkError(f"{url} names no broker: {form}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise LinkError(f"{url}: a TCP port is a number from 1 to 65535: {form}")
    name = parts.path.strip("/")
    if not name:
        raise LinkError(f"{url} names no node: {form}")
    if not is_name(name):
        raise LinkError(
            f"{url}: {name!r} is no name of a node: 1 to 32 letters, digits, - and _; the first is "
            "a letter or a digit"
        )
    for option, value in options:
        if option not in _OPTIONS:
            raise LinkError(f"{url}: {option!r} is no option of such ports: {', '.join(_OPTIONS)}")
        try:
            Topics(value)
        except LinkError as error:
            raise LinkError(f"{url}: {error}") from error
    if parts.fragment or re.search(r"[#\s]", url):
        raise LinkError(f"{url}: an address has no # and no spaces: {form}")


def node_of(url: str) -> str:
    """The node's name in a URL that was checked.

    Examples
    --------
    >>> node_of("mqtt://broker.lan/kitchen?prefix=lab")
    'kitchen'
    """
    return urlsplit(url).path.strip("/")


def settings_of(url: str) -> BrokerSettings:
    """How the broker of a URL is reached; the file and the environment say what the URL does not.

    A configured password goes to the broker only that it is for, as `broker_at` says.

    Parameters
    ----------
    url : str
        One that was checked.

    Returns
    -------
    BrokerSettings
        Its prefix is that of the URL, too.

    Raises
    ------
    LinkError
        If a setting of the file or the environment cannot be, or asks for TLS and the URL not.

    Examples
    --------
    >>> settings_of("mqtts://me@broker.lan/kitchen").where
    'broker.lan:8883'
    """
    parts = urlsplit(url)
    tls = url.lower().startswith(MQTTS)
    try:
        base = broker_at(parts.hostname or "", parts.port or 0, tls)
    except LinkError as error:
        raise LinkError(f"{url}: {error}") from error
    return replace(
        base,
        user=unquote(parts.username or "") or base.user,
        prefix=dict(parse_qsl(parts.query)).get("prefix", base.prefix),
    )
