"""Which broker, and who one is there: from a file, the environment and options."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from xnornode.errors import LinkError
from xnornode.link.mqtt_topics import PREFIX, Topics

FILE_VARIABLE = "XNORNODE_MQTT"
"""Environment variable that names the file."""
VARIABLES = "XNORNODE_MQTT_"
"""How the environment variables of single settings begin, such as XNORNODE_MQTT_PASSWORD."""
PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True)
class BrokerSettings:
    """How a broker is reached.

    Parameters
    ----------
    host : str, default "localhost"
        Name or address of its computer.
    port : int, default 0
        TCP port; 0: 1883, or 8883 with TLS.
    user, password : str, default ""
        Who one is there; empty for brokers that let anybody in.
    tls : bool, default False
        Whether to talk by TLS, and check the broker's certificate.
    ca : str, default ""
        File with the certificate that signed the broker's, PEM; empty: those of the system.
    cert, key : str, default ""
        Files with a certificate and key of one's own, PEM, for brokers that ask for them.
    prefix : str, default "xnornode"
        How the topics begin.

    Examples
    --------
    >>> BrokerSettings("broker.lan", tls=True).where
    'broker.lan:8883'
    """

    host: str = "localhost"
    port: int = 0
    user: str = ""
    password: str = ""
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    prefix: str = PREFIX

    def __post_init__(self) -> None:
        if not self.host:
            raise LinkError("the broker's host is empty")
        if not 0 <= self.port <= 65535:
            raise LinkError(f"{self.port} is no TCP port: take 1 to 65535, usually {PORT}")
        if not self.tls and (self.ca or self.cert or self.key):
            raise LinkError("`ca`, `cert` and `key` are for TLS: set `tls = true` too")
        if bool(self.cert) != bool(self.key):
            raise LinkError("`cert` and `key` go together: name both files, or none")
        for name in ("ca", "cert", "key"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise LinkError(f"`{name}`: there is no file {path}")
        Topics(self.prefix)

    @property
    def tcp_port(self) -> int:
        """The TCP port in use."""
        return self.port or (TLS_PORT if self.tls else PORT)

    @property
    def where(self) -> str:
        """Host and port, for people."""
        return f"{self.host}:{self.tcp_port}"


def from_table(given: Mapping[str, Any], where: str) -> BrokerSettings:
    """Settings of a table of TOML.

    Parameters
    ----------
    given : mapping
        The table: the fields of BrokerSettings, and `password_file`, a file with the password.
    where : str
        What it is called in messages.

    Returns
    -------
    BrokerSettings
        What it says.

    Raises
    ------
    LinkError
        If a key is unknown, or its value cannot be.

    Examples
    --------
    >>> from_table({"host": "broker.lan"}, "fleet.toml").host
    'broker.lan'
    """
    known = {field.name: type(field.default) for field in fields(BrokerSettings)}
    given = dict(given)
    if (named := given.pop("password_file", None)) is not None:
        if not isinstance(named, str) or "password" in given:
            raise LinkError(
                f"{where}: `password_file` is the name of a file, in place of `password`"
            )
        given["password"] = _word_of(named, where)
    for name, value in given.items():
        if name not in known:
            takes = ", ".join([*known, "password_file"])
            raise LinkError(f"{where}: there is no key `{name}`: take {takes}")
        if type(value) is not known[name]:
            word = {str: "text", int: "a whole number", bool: "true or false"}[known[name]]
            raise LinkError(f"{where}: `{name}` is {word}, not {value!r}")
    try:
        return BrokerSettings(**given)
    except LinkError as error:
        raise LinkError(f"{where}: {error}") from error


def _word_of(named: str, where: str) -> str:
    """The password in a file: a secret of a container, a credential of systemd."""
    named = named.replace("${CREDENTIALS_DIRECTORY}", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    try:
        text = Path(named).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise LinkError(f"{where}: `password_file` {named}: {why}") from error
    return text.removesuffix("\n").removesuffix("\r")


def read_toml(path: Path) -> dict[str, Any]:
    """A file of TOML. Raises LinkError where it cannot be read, or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise LinkError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise LinkError(f"{path} is no UTF-8 text") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LinkError(f"{path} is no TOML: {error}") from error


def from_environment(
    base: BrokerSettings, environment: Mapping[str, str] = os.environ
) -> BrokerSettings:
    """Settings with what the environment says in place of `base`'s.

    Parameters
    ----------
    base : BrokerSettings
        What counts where the environment says nothing.
    environment : mapping, default os.environ
        XNORNODE_MQTT_HOST, _PORT, _USER, _PASSWORD, _TLS (1 or 0), _CA, _CERT, _KEY, _PREFIX.

    Returns
    -------
    BrokerSettings
        Both together.

    Raises
    ------
    LinkError
        If a value cannot be.

    Examples
    --------
    >>> from_environment(BrokerSettings(), {"XNORNODE_MQTT_USER": "operator"}).user
    'operator'
    """
    found: dict[str, Any] = {}
    for field in fields(BrokerSettings):
        variable = VARIABLES + field.name.upper()
        text = environment.get(variable)
        if text is None:
            continue
        match field.default:
            case bool():
                if text.lower() not in ("0", "1", "no", "yes", "false", "true"):
                    raise LinkError(f"{variable}={text}: take 1 or 0")
                found[field.name] = text.lower() in ("1", "yes", "true")
            case int():
                if not (text.isascii() and text.isdecimal() and int(text[:9]) <= 65535):
                    raise LinkError(f"{variable}={text} is no TCP port")
                found[field.name] = int(text)
            case _:
                found[field.name] = text
    try:
        return replace(base, **found)
    except LinkError as error:
        raise LinkError(f"{error} (environment variables {VARIABLES}*)") from error


def broker_settings(path: Path | None = None) -> BrokerSettings:
    """The broker of a file, or of $XNORNODE_MQTT's, and of the environment.

    Parameters
    ----------
    path : Path, optional
        A file of TOML with a table `broker`.

    Returns
    -------
    BrokerSettings
        Localhost, where nothing says otherwise.

    Raises
    ------
    LinkError
        If something that is said cannot be.
    """
    return from_environment(_of_file(path))


def broker_at(host: str, port: int, tls: bool | None, path: Path | None = None) -> BrokerSettings:
    """The broker that a URL or an option names, with what is configured for this one.

    Parameters
    ----------
    host : str
        Its computer.
    port : int
        Its TCP port; 0: the usual one.
    tls : bool or None
        Whether to talk by TLS; None: as it is configured.
    path : Path, optional
        A file of TOML with a table `broker`; default $XNORNODE_MQTT's.

    Returns
    -------
    BrokerSettings
        The configured user and password are in it if this is the host and port that they are
        for. Those of the environment count for any host if XNORNODE_MQTT_HOST is not set.

    Raises
    ------
    LinkError
        If something that is said cannot be, or if it is without TLS and configured with TLS.

    Examples
    --------
    >>> broker_at("broker.lan", 0, tls=True).where
    'broker.lan:8883'
    """
    configured = broker_settings(path) if tls is None else _with_tls(path)
    wanted = configured.tls if tls is None else _tls_configured(path)
    same_host = host.lower() == configured.host.lower()
    for_any = VARIABLES + "HOST" not in os.environ
    if tls is False and wanted and (same_host or (for_any and VARIABLES + "TLS" in os.environ)):
        raise LinkError(
            f"the broker {host} is configured with TLS, and mqtt:// talks in the open, the "
            f"password too: take mqtts://{host}"
        )
    usual = configured.port or (TLS_PORT if wanted else PORT)
    if not tls and tls is not None:
        configured = replace(configured, tls=False, ca="", cert="", key="")
    found = replace(configured, host=host, port=port)
    if not (same_host and (port == configured.port or found.tcp_port == usual)):
        given = os.environ if for_any or same_host else {}
        found = replace(
            found,
            user=given.get(f"{VARIABLES}USER", ""),
            password=given.get(f"{VARIABLES}PASSWORD", ""),
        )
    return found


def _of_file(path: Path | None) -> BrokerSettings:
    """Those of a file, or of $XNORNODE_MQTT's."""
    named = path or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)
    if not named:
        return BrokerSettings()
    table = read_toml(named).get("broker", {})
    if not isinstance(table, dict):
        raise LinkError(f"{named}: `broker` is a table: [broker]")
    return from_table(table, f"{named}: [broker]")


def _with_tls(path: Path | None) -> BrokerSettings:
    """What is configured, as if with TLS: a certificate may be named without a word of it."""
    others = {name: value for name, value in os.environ.items() if name != f"{VARIABLES}TLS"}
    return from_environment(replace(_of_file(path), tls=True), others)


def _tls_configured(path: Path | None) -> bool:
    """Whether the file or the environment asks for TLS."""
    said = {name: value for name, value in os.environ.items() if name == f"{VARIABLES}TLS"}
    base = replace(_of_file(path), ca="", cert="", key="")
    return from_environment(base, said).tls
