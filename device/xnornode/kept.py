"""The windows in flash of which the model was not sure (docs/reference/kept.md).

Runs in CPython too, where its tests drive it.
"""

import json
import os
from binascii import b2a_base64

FOLDER = "/kept"
SETTINGS = "/keep.json"
BELOW, PER_HOUR = 600, 12  # of a keep.json that does not say
LIMITS = {"bytes": (4096, 1 << 30), "below": (0, 1000), "per_hour": (1, 3600)}
LONGEST_HEAD = 4096  # bytes of a file's first line
PIECE = 1152  # bytes of a file in an answer: base64 without padding
FORGETS = 4  # windows that one command removes
RESERVE = 65536  # bytes of the filesystem that stay free, for a push
BLOCK = 4096  # bytes of flash that are erased at once
FOLDER_ERASES = 1  # that a window costs beside its file's blocks, at most, on average
ENDURANCE = 100_000  # erases that a block stands
YEARS, LONGEST = 10, 10_000  # that the flash lasts at least; that are told at most
HOURS = 8766  # of a year

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Kept:
    """The ring of windows in one folder, which is made when the first one comes.

    folder: its path. settings: path of keep.json. Raises OSError.
    Attributes: `numbers`, of the windows that are there, rising; `next`, the next one's; `ring`,
    the ring's word, "" before the first window; `total`, bytes that were written in all;
    `per_hour` and `erases`, as facts has them; `keeper`, the Keeper of the program that runs.
    """

    def __init__(self, folder: str = FOLDER, settings: str = SETTINGS) -> None:
        self.folder, self.settings = folder, settings
        self.part = folder + "/new.part"
        self.numbers: list[int] = []
        self.ring = ""
        self.next, self.total = 1, 0
        self.erases = 1 + FOLDER_ERASES
        self.keeper: Any = None
        self._sizes: list[int] = []  # of their files
        self._reading, self._read = 0, 0  # number of the window that is fetched, and bytes of it
        self._file: Any = None  # which stays open from one piece to the next
        self._mark = ""  # name of the file that says what the ring is
        self._look()

    def _look(self) -> None:
        sizes: dict[int, int] = {}
        for name, size in _files(self.folder):
            words = name.split(".")
            number = _number(words[0])
            if words[-1] == "rec" and len(words) == 2 and number:
                sizes[number] = size
            elif words[-1] == "ring" and len(words) == 4:
                begins, written = _number(words[1]), _number(words[2], 16)
                if begins and written is not None and begins >= self.next:
                    self._mark, self.ring = name, words[0]
                    self.next, self.total = begins, written
        self.numbers = sorted(sizes)
        self._sizes = [sizes[number] for number in self.numbers]
        if self.numbers and self.numbers[-1] >= self.next:
            self.next = self.numbers[-1] + 1
            self.total = max(self.total, self._before() + self._sizes[-1])

    def _before(self) -> int:
        """What the newest file says was written before it; 0 where it is damaged."""
        try:
            with open(self.path(self.numbers[-1]), "rb") as f:
                found = json.loads(f.readline(LONGEST_HEAD)).get("total")
        except (OSError, ValueError, AttributeError):
            return 0
        return found if type(found) is int and found > 0 else 0

    def path(self, number: int) -> str:
        """Of a window's file."""
        return f"{self.folder}/{number}.rec"

    @property
    def taken(self) -> int:
        """Blocks of flash that the windows take."""
        return sum([_blocks(size) for size in self._sizes])

    def make(self) -> None:
        """Make the ring, if there is none yet. Raises OSError."""
        if not self._mark:
            if not _exists(self.folder):
                os.mkdir(self.folder)
            self.ring = self.ring or os.urandom(4).hex()
            mark = self._name()
            open(self.folder + "/" + mark, "wb").close()
            self._mark = mark

    def add(self, size: int) -> int:
        """Take `new.part`, a whole file of `size` bytes, as the newest window; its number.

        Raises OSError.
        """
        number = self.next
        os.rename(self.part, self.path(number))
        self.numbers.append(number)
        self._sizes.append(size)
        self.next += 1
        self.total += size
        return number

    def drop(self) -> None:
        """Remove the oldest window. Raises OSError."""
        if len(self.numbers) == 1:
            self._remember()
        if self._reading == self.numbers[0]:
            self.rest()
        os.remove(self.path(self.numbers[0]))
        del self.numbers[0]
        del self._sizes[0]

    def forget(self, number: int) -> None:
        """Remove some of the windows up to a number, the oldest ones first. Raises OSError."""
        for _ in range(FORGETS):
            if not self.numbers or self.numbers[0] > number:
                return
            self.drop()

    def _remember(self) -> None:
        """Have the next number in the ring's own file, as no window has it any more."""
        mark = self._name()
        if not self._mark:
            self.make()
        elif mark != self._mark:
            os.rename(self.folder + "/" + self._mark, self.folder + "/" + mark)
            self._mark = mark

    def _name(self) -> str:
        return f"{self.ring}.{self.next}.{self.total}.ring"

    def piece(self, number: int, at: int) -> "dict[str, Any]":
        """The answer to `fetch`: a piece of the oldest window with this number or a higher one."""
        later = [n for n in self.numbers if n >= number]
        if not later:
            return {"number": None, "bytes": 0, "at": 0, "data": ""}
        found, size = later[0], self._sizes[-len(later)]
        at = min(at, size) if found == number else 0
        try:
            data = self._piece(found, at)
            if len(data) < PIECE:  # also where somebody has made the file shorter
                size = at + len(data)
            if at + len(data) >= size:
                self.rest()
        except OSError:  # it is said to be damaged
            self.rest()
            size, at, data = 0, 0, b""
        text = b2a_base64(data, newline=False).decode()  # type: ignore[call-arg]  # not in stubs
        return {"number": found, "bytes": size, "at": at, "data": text}

    def _piece(self, number: int, at: int) -> bytes:
        if self._reading != number:
            self.rest()
            self._file = open(self.path(number), "rb")  # noqa: SIM115
            self._reading = number
        if self._read != at:
            self._file.seek(at)
        data: bytes = self._file.read(PIECE)
        self._read = at + len(data)
        return data

    def rest(self) -> None:
        """Close the file that is being fetched, if there is one."""
        file, self._file, self._reading, self._read = self._file, None, 0, 0
        if file:
            file.close()

    def facts(self) -> "dict[str, Any]":
        """The answer to `kept`."""
        keeper, given, why = self.keeper, {}, ""
        if keeper:
            given, why = keeper.settings, keeper.why
        else:
            try:
                given = read_settings(self.settings)
            except (OSError, ValueError) as error:
                why = str(error) if _exists(self.settings) else f"there is no {self.settings}"
        if self.numbers:
            self.make()  # its word may be lost, and a PC knows the windows by it
        per_hour, blocks, years = self.life(given.get("per_hour", 0))
        return {
            "ring": self.ring,
            "session": keeper.session if keeper else "",
            "ms": keeper.ms if keeper else 0,
            "windows": len(self.numbers),
            "bytes": BLOCK * self.taken,
            "bound": given.get("bytes", 0),
            "below": given.get("below", 0),
            "oldest": self.numbers[0] if self.numbers else None,
            "next": self.next,
            "overwritten": keeper.overwritten if keeper else 0,
            "passed": keeper.passed if keeper else 0,
            "written": keeper.written if keeper else 0,
            "total": self.total,
            "per_hour": per_hour,
            "erases": self.erases,
            "blocks": blocks,
            "years": years,
            "why": why,
        }

    def free(self) -> int:
        """Blocks that are free on the filesystem."""
        folder = self.folder if _exists(self.folder) else self.folder[: self.folder.rfind("/")]
        facts = os.statvfs(folder or "/")
        return (facts[1] or facts[0]) * facts[3] // BLOCK

    def life(self, per_hour: int) -> "tuple[int, int, int]":
        """How many windows an hour the flash stands for YEARS, if that is less than per_hour.

        Returns that, over how many blocks the erases spread, and the years that they last.
        """
        blocks = self.free() + self.taken
        stands = ENDURANCE * blocks // (self.erases * HOURS)  # windows an hour for a year
        per_hour = min(per_hour, stands // YEARS)
        return per_hour, blocks, min(LONGEST, stands // per_hour if per_hour else LONGEST)


def read_settings(path: str = SETTINGS) -> "dict[str, int]":
    """What a keep.json says. Raises OSError, and ValueError where it is wrong."""
    try:
        with open(path, "rb") as f:
            given = json.load(f)
    except ValueError:
        raise ValueError(f"{path} is no JSON: write it with `xnornode keep`") from None
    if not isinstance(given, dict) or "bytes" not in given:
        raise ValueError(f'{path} is no object with a key "bytes"')
    found = {"below": BELOW, "per_hour": PER_HOUR}
    for key, value in given.items():
        if key not in LIMITS:
            raise ValueError(f"{path}: there is no key `{key}`")
        low, high = LIMITS[key]
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{path}: `{key}` is no integer from {low} to {high}")
        found[key] = value
    return found


def _files(folder: str) -> "Iterator[tuple[str, int]]":
    """Name and bytes of each file."""
    try:
        listed: Any = os.ilistdir  # type: ignore[attr-defined, unused-ignore]
    except AttributeError:  # CPython
        listed = os.listdir
    try:
        entries = list(listed(folder))
    except OSError:
        return
    for entry in entries:
        name = entry if isinstance(entry, str) else entry[0]
        sized = name is not entry and len(entry) > 3
        yield name, entry[3] if sized else os.stat(folder + "/" + name)[6]


def _blocks(size: int) -> int:
    """Blocks of flash that a file takes."""
    return -(-size // BLOCK)


def _number(text: str, digits: int = 9) -> int | None:
    """A number as the ring writes it."""
    if text.isdigit() and len(text) <= digits and (text == "0" or text[0] != "0"):
        return int(text)
    return None


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
