"""Model files on the broker, each retained by its SHA-256 (docs/reference/mqtt.md)."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Mapping

from xnornode.errors import LinkError, ModelError
from xnornode.fleet.payloads import Latest
from xnornode.link.deadline import Deadline
from xnornode.link.keys import signature
from xnornode.link.messages import Begin
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics
from xnornode.link.push import FORMAT, PROTOCOL, REVISION

LARGEST = 1 << 20
"""Bytes of a model file that is taken, unless another bound is set."""
MOST = 16 << 20
"""Bytes beyond which no bound can be set."""
FETCH_SECONDS = 10.0
"""Seconds for a model to come from the broker. It says nothing where it has none."""
SLOW = 50_000
"""Bytes in a second that a slow broker brings: a large model has more time by that."""
PUBLISH_SECONDS = 30.0
"""Seconds for the broker to take one."""
QUIET = 0.5
"""Seconds without a further retained message, after which all have come."""
KEPT = 4
"""Models that a shelf holds in memory."""


class ModelMissing(LinkError):
    """A model that cannot be had from the broker, or is not what was announced.

    Parameters
    ----------
    error : str
        `missing`, `damaged`, `oversize`, `format`, `unsigned` or `signature`, as `model/update` has
        it.
    message : str
        The same for people.
    """

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def announce(
    data: bytes,
    install: bool = True,
    key: bytes | None = None,
    rollout: str | None = None,
) -> Latest:
    """What `model/latest` says of a model.

    Parameters
    ----------
    data : bytes
        The `.bnn` file.
    install : bool, default True
        Whether gateways put it on the node at once; else it is offered.
    key : bytes, optional
        Signs it for nodes that have this key. 32 bytes.
    rollout : str, optional
        ID of the roll-out that it belongs to.

    Returns
    -------
    Latest
        To be published for each node.

    Raises
    ------
    ModelError
        If the file is no model.
    """
    from xnornode.model.file_format import from_bytes  # has NumPy, which --help does not wait for

    model = from_bytes(data)
    sha256, revision = hashlib.sha256(data).hexdigest(), int.from_bytes(data[REVISION], "little")
    signed = _signed(key, len(data), sha256, revision) if key else None
    now = int(time.time() * 1000)
    return Latest(
        sha256, len(data), model.name, revision, data[FORMAT], install, signed, rollout, now
    )


def _signed(key: bytes, length: int, sha256: str, revision: int) -> str:
    begin: Begin = {
        "protocol": PROTOCOL,
        "length": length,
        "sha256": sha256,
        "revision": revision,
    }
    return signature(key, begin)


def check_signature(latest: Latest, key: bytes) -> None:
    """Check that a model was signed with a key.

    Parameters
    ----------
    latest : Latest
        What was announced.
    key : bytes
        32 bytes.

    Raises
    ------
    ModelMissing
        `unsigned`, or `signature` if it is a wrong one.

    Examples
    --------
    >>> try:
    ...     check_signature(Latest("0" * 64, 48, "m", 1, 4, True), bytes(32))
    ... except ModelMissing as why:
    ...     print(why.error)
    unsigned
    """
    if latest.signature is None:
        raise ModelMissing(
            "unsigned", "this gateway takes signed models only: --key FILE signs one"
        )
    right = _signed(key, latest.bytes, latest.sha256, latest.revision)
    if not hmac.compare_digest(right, latest.signature):
        raise ModelMissing("signature", "the model was signed with another key than this gateway's")


def publish_model(broker: Broker, topics: Topics, data: bytes) -> None:
    """Put a model file on the broker. Raises LinkError if it does not take it in time."""
    sha256 = hashlib.sha256(data).hexdigest()
    broker.publish_all([(topics.shared("_model", sha256), data)], PUBLISH_SECONDS)


def check_model(data: bytes, latest: Latest, largest: int = LARGEST) -> None:
    """Check that bytes are the model that was announced, and a valid one.

    Parameters
    ----------
    data : bytes
        What the broker has.
    latest : Latest
        What was announced.
    largest : int, default LARGEST
        Bytes that it may have.

    Raises
    ------
    ModelMissing
        If they are not, or too many.

    Examples
    --------
    >>> try:
    ...     check_model(b"x", Latest("0" * 64, 1, "m", 1, 4, True))
    ... except ModelMissing as why:
    ...     print(why.error)
    damaged
    """
    from xnornode.model.file_format import from_bytes

    if max(len(data), latest.bytes) > largest:
        size = max(len(data), latest.bytes)
        raise ModelMissing(
            "oversize", f"the model has {size:,} bytes; this gateway takes {largest:,}"
        )
    if len(data) != latest.bytes or hashlib.sha256(data).hexdigest() != latest.sha256:
        raise ModelMissing("damaged", "the model on the broker is not the one that was announced")
    if int.from_bytes(data[REVISION], "little") != latest.revision:
        raise ModelMissing("damaged", "the model on the broker has another revision than announced")
    try:
        from_bytes(data)
    except ModelError as error:
        raise ModelMissing("format", f"it is no valid model file: {error}") from error


class Shelf:
    """Gets models from the broker, one at a time, and keeps the last few.

    Parameters
    ----------
    broker : Broker
        The connection.
    topics : Topics
        Its topics.
    largest : int, default LARGEST
        Bytes that a model may have.
    seconds : float, default FETCH_SECONDS
        How long to wait for one, besides the time that its bytes take at SLOW.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        largest: int = LARGEST,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        self._broker, self._topics = broker, topics
        self._largest, self._seconds = largest, seconds
        self._held: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def fetch(self, latest: Latest) -> bytes:
        """The bytes of a model. Waits, in any thread but the broker's.

        Parameters
        ----------
        latest : Latest
            What was announced.

        Returns
        -------
        bytes
            Checked.

        Raises
        ------
        ModelMissing
            If it is not there, or not what was announced.
        LinkError
            If the broker is away.
        """
        with self._lock:
            if latest.bytes > self._largest:  # without a byte on the way
                check_model(b"", latest, self._largest)
            if latest.sha256 not in self._held:
                data = self._fetch(latest)
                check_model(data, latest, self._largest)
                if len(self._held) >= KEPT:
                    del self._held[next(iter(self._held))]
                self._held[latest.sha256] = data
            data = self._held[latest.sha256]
        check_model(data, latest, self._largest)
        return data

    def _fetch(self, latest: Latest) -> bytes:
        came, got = threading.Event(), [b""]

        def take(topic: str, payload: bytes, retained: bool) -> None:
            if payload:
                got[0] = payload
                came.set()

        topic = self._topics.shared("_model", latest.sha256)
        self._broker.subscribe(topic, take)
        try:
            if not came.wait(self._seconds + latest.bytes / SLOW):
                if not self._broker.connected:
                    raise LinkError(f"the broker is away: {self._broker.why}")
                raise ModelMissing("missing", "the broker does not have the model's bytes")
        finally:
            self._broker.unsubscribe(topic)
        return got[0]


def models_there(broker: Broker, topics: Topics, seconds: float = 60.0) -> dict[str, int]:
    """The models on the broker. Its bytes have to come for that.

    Parameters
    ----------
    broker : Broker
        The connection.
    topics : Topics
        Its topics.
    seconds : float, default 60.0
        How long to wait at most.

    Returns
    -------
    dict
        From each SHA-256 to how many bytes there are.
    """
    found: dict[str, int] = {}
    heard = threading.Event()

    def take(topic: str, payload: bytes, retained: bool) -> None:
        address = topics.read(topic)
        if address and payload:
            found[address.name] = len(payload)
        heard.set()

    pattern, wait = topics.shared("_model", "+"), Deadline(seconds)
    broker.subscribe(pattern, take)
    while not wait.passed and heard.wait(wait.within(QUIET).left):
        heard.clear()
    broker.unsubscribe(pattern)
    return dict(sorted(found.items()))


def take_back(broker: Broker, topics: Topics, models: Mapping[str, int]) -> None:
    """Remove models from the broker. Raises LinkError if it does not confirm."""
    broker.publish_all([(topics.shared("_model", sha256), b"") for sha256 in models])
