"""The links of net.json: Wi-Fi, a TCP port, an address to connect to (docs/guides/network.md)."""

import json
import time

from xnornode.events import emit

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

TEXTS = ("ssid", "password", "country", "hostname", "connect")
MQTT_TEXTS = ("host", "user", "password", "ca", "prefix")
NUMBERS = ("port", "clients")
MAY = ("push", "rollback", "record", "name")
FIRST_MS, LONGEST_MS = 15_000, 120_000  # from one attempt to join the Wi-Fi to the next


def links(path: str) -> "list[Any]":
    """The streams of a Link that a file names; none, and a warning, where it is wrong."""
    try:
        from xnornode import net  # a board without sockets has none

        with open(path, "rb") as f:
            given = json.load(f)
        check(given)
        if given.get("ssid"):
            net.upkeep = WiFi(given).turn
        allow = tuple(given.get("allow", ()))
        found: list[Any] = []
        if given.get("connect"):
            host, port = address(given["connect"])
            found += net.connect(host, port, allow)
        if "mqtt" in given:
            from xnornode import mqtt

            wanted = dict(given["mqtt"])
            wanted.pop("tls", None)
            node_file = path[: path.rfind("/") + 1] + "node.json"
            found += mqtt.connect(allow=allow, node_file=node_file, **wanted)
        if "port" in given or not found:
            found += net.listen(given.get("port", net.PORT), given.get("clients", 2), allow)
        return found
    except (OSError, ValueError, ImportError, MemoryError) as error:
        text = f"{path}: {error}: the node goes on without a network"
        emit("warning", kind="network", warning=text)
        return []


def check(given: "dict[str, Any]") -> None:
    """Check what stands in the file. Raises ValueError."""
    if not isinstance(given, dict):
        raise ValueError("it is no JSON object")
    for key, value in given.items():
        if key in TEXTS:
            right = isinstance(value, str)
        elif key in NUMBERS:
            right = type(value) is int and 0 <= value <= 65535
        elif key == "mqtt":
            check_mqtt(value)
            right = True
        elif key == "allow":
            right = isinstance(value, list) and all([one in MAY for one in value])
        else:
            raise ValueError(f"there is no key `{key}`")
        if not right:
            raise ValueError(f"`{key}` is wrong")
    address(given.get("connect") or "x:1")


def check_mqtt(given: "dict[str, Any]") -> None:
    """Check the key `mqtt`. Raises ValueError."""
    if not isinstance(given, dict):
        raise ValueError("`mqtt` is no JSON object")
    for key, value in given.items():
        if key in MQTT_TEXTS:
            right = isinstance(value, str)
        elif key == "port":
            right = type(value) is int and 0 < value <= 65535
        elif key == "qos":
            right = type(value) is int and value in (0, 1)
        elif key == "tls":
            right = isinstance(value, bool)
        else:
            raise ValueError(f"`mqtt` has no key `{key}`")
        if not right:
            raise ValueError(f"`{key}` of `mqtt` is wrong")
    if not given.get("host"):
        raise ValueError("`mqtt` names no `host`")
    if bool(given.get("tls")) != bool(given.get("ca")):
        raise ValueError("`tls` and `ca` of `mqtt` go together: the broker is checked by `ca`")
    if given.get("prefix", "x").strip("/") != given.get("prefix", "x") or _is_odd(given):
        raise ValueError("`prefix` of `mqtt` has +, #, $, or / at an end")


def _is_odd(given: "dict[str, Any]") -> bool:
    """Whether the prefix can be no topic."""
    prefix = given.get("prefix", "x")
    return not prefix or prefix[0] == "$" or "+" in prefix or "#" in prefix or "//" in prefix


def address(text: str) -> "tuple[str, int]":
    """The two parts of HOST:PORT. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("`connect` is no HOST:PORT")
    return host, int(port)


class WiFi:
    """Joins a Wi-Fi, and again after it was lost. given: what stands in the file."""

    def __init__(self, given: "dict[str, Any]") -> None:
        import network

        if given.get("country"):
            network.country(given["country"])
        if given.get("hostname"):
            network.hostname(given["hostname"])
        self._wlan = network.WLAN(network.STA_IF)
        self._wlan.active(True)
        self._with = (given["ssid"], given.get("password", ""))
        self._pause = FIRST_MS
        self._since = time.ticks_ms()
        self._join()

    def turn(self) -> None:
        """Join again, where it is time to. Does not wait."""
        if 0 <= time.ticks_diff(time.ticks_ms(), self._since) < self._pause:
            return
        if self._wlan.isconnected():
            self._since, self._pause = time.ticks_ms(), FIRST_MS
        else:
            self._pause = min(2 * self._pause, LONGEST_MS)
            text = f"the Wi-Fi {self._with[0]} is not there or not joined, status "
            text += f"{self._wlan.status()}: check `ssid` and `password`; trying again"
            emit("warning", kind="network", warning=text)
            self._join()

    def _join(self) -> None:
        self._since = time.ticks_ms()
        try:  # noqa: SIM105 (no contextlib on the node)
            self._wlan.connect(*self._with)
        except OSError:
            pass  # an attempt is under way, which goes on
