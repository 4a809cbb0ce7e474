"""The model files on the node; a power cut leaves a whole one (docs/reference/store.md).

Runs in CPython too, where its tests drive it.
"""

import hashlib
import os

# Relative, as in CPython `xnornode` is the host's package.
from .watchdog import feed

FOLDER = "/models"
BEFORE_STORE = "/model.bnn"  # where nodes had their model before there was a store
TRIAL_STARTS = 3
MIN_MODEL = 48  # bytes (FORMAT.md, "Order of checks")
MAX_MODEL = 1 << 20
SPARE_BLOCKS = 4  # littlefs copies a folder's blocks when it changes them
READ_BYTES = 512  # of a file that are read at a time

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class Slot:
    """A model file.

    number: the active model has the highest. starts: None, or how often it was started on trial.
    path: of the file.
    """

    def __init__(self, number: int, starts: int | None, path: str) -> None:
        self.number = number
        self.starts = starts
        self.path = path


class Store:
    """The models in one folder of a filesystem, which is made when it is first needed.

    folder: its path. before: path of the model of a node that was set up before there was a store.
    """

    def __init__(self, folder: str = FOLDER, before: str = BEFORE_STORE) -> None:
        self.folder = folder
        self._before = before
        self.receiver: Any = None  # the one with a push under way

    @property
    def node_file(self) -> str:
        """Path of the file with the node's name, beside the folder."""
        return self.folder[: self.folder.rfind("/") + 1] + "node.json"

    def slots(self) -> "list[Slot]":
        """All models, the active one first. Raises OSError."""
        found = []
        for name in self._names():
            words = name.split(".")
            if words[-1] != "bnn" or len(words) not in (2, 3):
                continue
            number = _number(words[0])
            starts = _number(words[1]) if len(words) == 3 else None
            if number and (len(words) == 2 or starts is not None):
                found.append(Slot(number, starts, self.folder + "/" + name))
        if _size(self._before) is not None:
            found.append(Slot(0, None, self._before))
        found.sort(key=lambda slot: -slot.number)
        return found

    def active(self) -> Slot | None:
        """The model that the node starts with."""
        slots = self.slots()
        return slots[0] if slots else None

    def previous(self, running: int = -1) -> Slot | None:
        """The model that `rollback` goes back to: the newest that has classified.

        running: number of the model that runs, where it may be another one than the newest.
        """
        slots = self.slots()
        others = slots[1:] if running < 0 else [s for s in slots if s.number != running]
        others = [s for s in others if s.number < running] or others
        for slot in others:
            if slot.starts is None:
                return slot
        return others[0] if others else None

    def candidates(self) -> "list[Slot]":
        """The models that the node can start with, the best one first."""
        slots, previous = self.slots(), self.previous()
        if not previous:
            return slots
        # A power cut may have left more than two, which help where both of these are damaged
        older = [slot for slot in slots[1:] if slot.number != previous.number]
        return slots[:1] + [previous] + older  # noqa: RUF005 (MicroPython has no * in a list)

    def start(self, loads: "Callable[[Slot], bool] | None" = None) -> "tuple[list[Slot], str]":
        """Count a start: to be called once when the node's program starts.

        loads: whether a model can be loaded; only such a one takes the place of a model on trial.
        Returns the models to load, the best one first, and a note: empty, or why the newest model
        is not the active one, or what the filesystem refused.
        """
        try:
            note = self._count_start(loads)
        except OSError as error:
            note = f"{self.folder}: {error}"
        return self.candidates(), note

    def _count_start(self, loads: "Callable[[Slot], bool] | None") -> str:
        note = ""
        active = self.active()
        if active and active.starts is not None:
            previous = self.previous()
            if active.starts < TRIAL_STARTS:
                self._rename(active.path, f"{active.number}.{active.starts + 1}.bnn")
            elif previous and loads and not loads(previous):
                note = f"{TRIAL_STARTS} starts without a window, and {previous.path} does not load"
            elif previous:
                self.activate(previous)
                note = f"{TRIAL_STARTS} starts without a window: back to the previous model"
        return note

    def confirm(self, number: int) -> None:
        """End the trial of the model with this number, which has classified. Raises OSError."""
        for slot in self.slots():
            if slot.number == number and slot.starts is not None:
                self._rename(slot.path, f"{number}.bnn")

    def activate(self, slot: Slot) -> int:
        """Make a model the active one by one rename; its new number. Raises OSError.

        One that has never classified is on trial again.
        """
        self._make_folder()
        number = self._next()
        trial = "" if slot.starts is None else ".0"
        self._rename(slot.path, f"{number}{trial}.bnn")
        return number

    def part(self, sha256: str) -> str:
        """Path of the file that a push of the model with this hash (64 digits) writes."""
        return f"{self.folder}/{sha256}.part"

    def parts(self) -> "Iterator[tuple[str, int]]":
        """SHA-256 and bytes there of each push that did not come to its end."""
        for name in self._names():
            if name.endswith(".part"):
                yield name[:-5], _size(f"{self.folder}/{name}") or 0

    def prepare(self, sha256: str) -> int:
        """Remove the parts of other pushes; the bytes that this one has. Raises OSError."""
        self._make_folder()
        for other, _ in self.parts():
            if other != sha256:
                os.remove(self.part(other))
        return _size(self.part(sha256)) or 0

    def commit(self, sha256: str) -> int:
        """Make a part, which is whole, the active model, on trial; its number. Raises OSError."""
        number = self._next()
        self._rename(self.part(sha256), f"{number}.0.bnn")
        return number

    def tidy(self, ran: int) -> None:
        """Remove all models but the active one and one to go back to. Raises OSError.

        ran: number of the model that ran before: it is the one to go back to, if it has classified.
        """
        slots = self.slots()
        previous = self.previous()
        for slot in slots:
            if slot.number == ran and slot.starts is None:
                previous = slot
        for slot in slots[1:]:
            if not previous or slot.number != previous.number:
                os.remove(slot.path)

    def discard(self, sha256: str) -> None:
        """Remove a part, if it is there."""
        if _size(self.part(sha256)) is not None:
            os.remove(self.part(sha256))

    def lacks(self, length: int) -> int:
        """How many bytes too few are free for a file of `length` bytes; 0 where there is room."""
        block, free = self._room()
        return max(0, (-(-length // block) + SPARE_BLOCKS) * block - free)

    def free(self) -> int:
        """Bytes free on the filesystem."""
        return self._room()[1]

    def _room(self) -> "tuple[int, int]":
        folder = self.folder if _exists(self.folder) else _parent(self.folder)
        facts = os.statvfs(folder)
        return facts[1] or facts[0], (facts[1] or facts[0]) * facts[3]

    def _next(self) -> int:
        active = self.active()
        return active.number + 1 if active else 1

    def _names(self) -> "list[str]":
        try:
            return os.listdir(self.folder)
        except OSError:
            return []

    def _rename(self, path: str, name: str) -> None:
        os.rename(path, self.folder + "/" + name)

    def _make_folder(self) -> None:
        if not _exists(self.folder):
            os.mkdir(self.folder)


def read(path: str) -> bytearray:
    """The bytes of a model file. Raises OSError, MemoryError, ValueError for a file too large."""
    size = _size(path)
    if size is None:
        raise OSError(2, path)
    if size > MAX_MODEL:
        raise ValueError(f"{path} has {size} bytes: no model")
    data = bytearray(size)
    view, at = memoryview(data), 0
    with open(path, "rb") as f:
        while at < size:
            n = f.readinto(view[at : at + READ_BYTES])
            if not n:
                raise OSError(5, path)
            at += n
            feed()
    return data


def sha256(data: "bytes | bytearray | memoryview") -> str:
    """SHA-256, as 64 hexadecimal digits in lower case."""
    return hashlib.sha256(data).digest().hex()


def _size(path: str) -> int | None:
    """Bytes of a file; None where there is none."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts[6] if facts[0] & 0x8000 else None


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _parent(path: str) -> str:
    return path[: path.rfind("/")] or "/"


def _number(text: str) -> int | None:
    """A number as the store writes it."""
    if text.isdigit() and len(text) < 10 and (text == "0" or text[0] != "0"):
        return int(text)
    return None
