"""Describes, checks, loads and switches the models of a node (docs/reference/protocol.md)."""

import gc
import sys

import bnn

from xnornode.classifier import Classifier
from xnornode.commands import PROTOCOL
from xnornode.events import firmware, machine
from xnornode.identity import read_name
from xnornode.matching import Mismatch
from xnornode.model_store import Slot, Store, read, sha256
from xnornode.push import Refused, check_spare
from xnornode.signature import check, read_key
from xnornode.stream import device

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

CYCLES = 8  # that an operation takes in most networks (FORMAT.md, "Work of a window")
HERTZ = 125_000_000  # of a processor that does not say
LONGEST = 2_000_000  # microseconds of a window, where its hop is not known in time
REVISION_AT = 12  # bytes into the file (FORMAT.md, "Header")


class ModelManager:
    """The models of a store, and the classifier that runs one of them, if a program runs.

    channels: names of the sensor's channels; a model for others is refused. So is one that does not
    go with the sensor that the classifier uses. Without either, only the number of channels is
    compared with that of the running model. Attributes: `active`, what `hello` says
    of the active model, or None; `number`, the store's number of it, -1 without one.
    """

    def __init__(
        self,
        store: Store,
        classifier: Classifier | None = None,
        channels: "tuple[str, ...] | None" = None,
    ) -> None:
        self._store = store
        self._classifier = classifier
        self.running = classifier is not None
        self.session = ""
        self.frame = self.window = 0
        self.channels = channels
        self.number = -1
        self.active: dict[str, Any] | None = None
        if classifier:
            self.number = classifier.number
            self.active = _facts(classifier.model, classifier.sha256, self._starts())
            return
        for slot in store.candidates():
            found = self.describe(slot)
            if self.active is None or found["name"]:
                self.number, self.active = slot.number, found
            if found["name"]:
                return

    def answers(self) -> "tuple[tuple[str, ...], str]":
        """Labels of the model that runs, and the note of its `ready`; empty where none runs."""
        found = self._classifier
        return (found.model.labels, found.note) if found else ((), "")

    def facts(self) -> "dict[str, Any]":
        """The keys of `hello`."""
        gc.collect()
        return {
            "protocol": PROTOCOL,
            "session": self.session,
            "library": sys.modules["xnornode"].__version__,
            "bnn": bnn.__version__,
            "format": bnn.FORMAT,
            "firmware": firmware(),
            "machine": machine(),
            "frame": self.frame,
            "window": self.window,
            "flash": self._store.free(),
            "ram": gc.mem_free(),
            "model": self.active,
            "channels": self.channels,
            "running": self.running,
            "signed": self.signed(),
            "device": device(),
            "name": read_name(self._store.node_file),
        }

    def signed(self) -> bool:
        """Whether the node has a key; a damaged one counts."""
        try:
            return self._key() is not None
        except Refused:
            return True

    def describe(self, slot: Slot) -> "dict[str, Any]":
        """What `list` says of a model that does not run; `name` is None if it cannot be loaded.

        Raises OSError.
        """
        gc.collect()
        try:
            data = read(slot.path)
            return _facts(bnn.Model(data), sha256(data), slot.starts)
        except (ValueError, MemoryError):
            return {
                "name": None,
                "revision": _revision(slot),
                "bytes": 0,
                "sha256": "",
                "trial": slot.starts,
            }

    def admit(self, begin: "dict[str, Any]") -> None:
        """Check that a push may begin. begin: its fields. Raises Refused, OSError."""
        key = self._key()
        if key is not None:
            check(key, begin)
            self._check_revision(begin["revision"])

    def verify(self, data: bytearray) -> None:
        """Check a model file that is as it was announced, on a node with a key: its revision.

        data: the file. Raises Refused, OSError.
        """
        if self._key() is not None:
            self._check_revision(int.from_bytes(data[REVISION_AT : REVISION_AT + 4], "little"))

    def load(self, data: bytearray, digest: str) -> Classifier:
        """A classifier for a model file, loaded and tested.

        digest: the file's SHA-256, 64 hexadecimal digits. Raises Refused.
        """
        gc.collect()
        sensor = self._classifier.sensor if self._classifier else None
        try:
            loaded = Classifier(data, sensor)
            check_pace(loaded.model)
            passed = loaded.model.selftest()
            check_spare()
        except Mismatch as error:
            raise Refused("channels", str(error)) from None
        except ValueError as error:
            raise Refused("model", str(error)) from None
        except MemoryError:
            raise Refused("ram", "the heap has no room for the model beside the old one") from None
        if not passed:
            raise Refused("selftest", "its self-test gives other scores here than the file says")
        self._check_channels(loaded.model.channels)
        loaded.sha256 = digest
        return loaded

    def load_slot(self, slot: Slot) -> Classifier:
        """A classifier for a model of the store, loaded and tested. Raises Refused, OSError."""
        gc.collect()
        try:
            data = read(slot.path)
        except MemoryError:
            raise Refused("ram", "the heap has no room for the model beside the old one") from None
        return self.load(data, sha256(data))

    def swap(self, loaded: Classifier, number: int, starts: int | None) -> None:
        """Go on with a model that has become the store's active one.

        number: the store's of it. starts: None, or how often it was started on trial.
        """
        loaded.number = self.number = number
        self.active = _facts(loaded.model, loaded.sha256, starts)
        if self._classifier:
            self._classifier.swap(loaded)

    def confirm(self) -> None:
        """End the trial of the model, which has classified a window."""
        if self.active and self.active["trial"] is not None:
            self.active["trial"] = None
            try:  # noqa: SIM105 (no contextlib on the node)
                self._store.confirm(self.number)
            except (OSError, MemoryError):
                pass  # the trial goes on with the next start

    def _key(self) -> bytes | None:
        try:
            return read_key()
        except (OSError, ValueError) as error:
            raise Refused("signature", f"the node's key cannot be read: {error}") from None

    def _check_revision(self, revision: int) -> None:
        highest = max([_revision(slot) for slot in self._store.slots()] or [-1])
        if revision <= highest:
            raise Refused("revision", f"revision {revision}, the node has had {highest}")

    def _starts(self) -> int | None:
        for slot in self._store.slots():
            if slot.number == self.number:
                return slot.starts
        return None

    def _check_channels(self, wanted: "tuple[str, ...]") -> None:
        have = self.channels
        if have and tuple(have) != wanted:
            raise Refused(
                "channels",
                f"the sensor has {', '.join(have)}; the model wants {', '.join(wanted)}",
            )
        if self._classifier and not self._classifier.sensor:
            running = self._classifier.model.channels
            if len(running) != len(wanted):
                raise Refused(
                    "channels",
                    f"the sensor has {len(running)} channels; the model wants {len(wanted)}: "
                    + ", ".join(wanted),
                )


def check_pace(model: bnn.Model) -> None:
    """Check that a window takes no longer than the next one takes to come. Raises Refused."""
    between = 1_000_000_000 * model.hop // model.rate_mhz if model.rate_mhz else LONGEST
    # Firmware of version 0.1 does not say it.
    work = getattr(model, "hop_work", 0) or getattr(model, "work", 0)
    takes = CYCLES * work * 1_000_000 // _hertz()
    if takes > between:
        text = f"a window takes some {takes} microseconds, and the next comes after {between}"
        raise Refused("model", text)


def _hertz() -> int:
    """The processor's clock."""
    try:
        from machine import freq
    except ImportError:  # on a PC
        return HERTZ
    hertz: Any = freq()  # a tuple on some ports
    return int(hertz[0] if isinstance(hertz, tuple) else hertz)


def _facts(model: bnn.Model, digest: str, starts: int | None) -> "dict[str, Any]":
    return {
        "name": model.name,
        "revision": model.revision,
        "bytes": model.size,
        "sha256": digest,
        "trial": starts,
    }


def _revision(slot: Slot) -> int:
    with open(slot.path, "rb") as f:
        header = f.read(REVISION_AT + 4)
    return int.from_bytes(header[REVISION_AT:], "little")
