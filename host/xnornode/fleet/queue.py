"""Messages for the broker, on disk (docs/guides/fleet.md, "While the broker is away").

SQLite with a write-ahead log: what is committed outlasts the end of the process, however it ends.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xnornode.errors import LinkError

OVERHEAD = 64
"""Bytes that a message counts for beside its topic and payload."""
FREED = 32
"""Share of the bound that is freed at once where it is reached: a 32nd."""
_SCHEMA = """
create table if not exists message (
    id integer primary key autoincrement, node text not null, topic text not null,
    payload blob not null, kept integer not null, size integer not null);
create unique index if not exists newest on message (topic) where kept;
"""


@dataclass(frozen=True)
class Message:
    """What is to be published.

    Parameters
    ----------
    topic : str
        Where.
    payload : bytes
        What.
    retain : bool, default False
        Whether late joiners get it; of these, only the newest of a topic matters.
    node : str, default ""
        Whose it is, for the counts of what was dropped.
    """

    topic: str
    payload: bytes
    retain: bool = False
    node: str = ""

    @property
    def size(self) -> int:
        """Bytes that it counts for."""
        return len(self.topic) + len(self.payload) + OVERHEAD


class Queue:
    """A file of messages, oldest first, and bounded.

    Beyond the bound the oldest messages are dropped: what is new says more about a node.

    Parameters
    ----------
    path : Path
        The file, which is made where it is not there.
    most : int
        Bytes at most.

    Attributes
    ----------
    count : int
        Messages that it has.
    bytes : int
        What they count for.
    dropped : Counter
        Messages that were dropped since its start, by node.
    floor : int
        Messages up to this number are with the broker's client already, and are not dropped.
    moved : str
        Where a file went that was damaged; empty if it was not.

    Raises
    ------
    LinkError
        If the file cannot be used, or another program uses it.

    Examples
    --------
    >>> queue = Queue(Path(":memory:"), 100_000)
    >>> queue.add([Message("a/b", b"1"), Message("a/b", b"2")])
    [1, 2]
    >>> [(number, message.payload) for number, message in queue.after(0, 10)]
    [(1, b'1'), (2, b'2')]
    >>> queue.remove([1])
    >>> queue.count
    1
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self.count = self.bytes = 0
        self.dropped: Counter[str] = Counter()
        self.floor = 0
        self.moved = ""
        try:
            if str(path) != ":memory:":
                path.parent.mkdir(parents=True, exist_ok=True)
            self._base = self._open()
        except OSError as error:
            raise LinkError(f"`queue` {path}: {error.strerror or error}") from error
        except sqlite3.OperationalError as error:
            used = "another gateway uses it: give each a `queue` of its own"
            why = used if "locked" in str(error) else str(error)
            raise LinkError(f"`queue` {path}: {why}") from error
        except sqlite3.DatabaseError:  # damaged, or no such file: a node's data are to go on
            self.moved = f"{path}.damaged"
            for ending in ("-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{path}{ending}").unlink()
            path.replace(self.moved)
            self._base = self._open()

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(
            self._path, timeout=1.0, isolation_level=None, check_same_thread=False
        )
        try:
            base.execute("pragma locking_mode = exclusive")
            base.execute("pragma journal_mode = wal")
            base.execute("pragma synchronous = normal")
            base.executescript(_SCHEMA)
            base.execute("begin immediate")  # takes the lock, which stays
            base.execute("commit")
            row = base.execute("select count(*), coalesce(sum(size), 0) from message").fetchone()
        except BaseException:
            base.close()
            raise
        self.count, self.bytes = row
        return base

    def add(self, messages: Iterable[Message]) -> list[int]:
        """Keep messages; they are on disk when this returns.

        Parameters
        ----------
        messages : iterable of Message
            In their order.

        Returns
        -------
        list of int
            Their numbers, which rise.

        Raises
        ------
        sqlite3.Error
            If the disk is full, or fails. Nothing is kept then.
        """
        numbers = []
        count, size = self.count, self.bytes
        self._base.execute("begin")
        try:
            for each in messages:
                if each.retain:
                    count, size = self._without(each.topic, count, size)
                made = self._base.execute(
                    "insert into message (node, topic, payload, kept, size) values (?, ?, ?, ?, ?)",
                    (each.node, each.topic, each.payload, each.retain, each.size),
                )
                numbers.append(made.lastrowid or 0)
                count, size = count + 1, size + each.size
            self._base.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._base.execute("rollback")
            raise
        self.count, self.bytes = count, size
        if self.bytes > self._most:
            self._drop()
        return numbers

    def _without(self, topic: str, count: int, size: int) -> tuple[int, int]:
        """Forget the retained message of a topic."""
        row = self._base.execute(
            "delete from message where topic = ? and kept returning size", (topic,)
        ).fetchone()
        return (count - 1, size - row[0]) if row else (count, size)

    def _drop(self) -> None:
        """Make room: the oldest ones go, except for those of which only the newest matters."""
        over, gone = self.bytes - self._most + self._most // FREED, 0
        numbers: list[int] = []
        rows = self._base.execute(
            "select id, node, size from message where not kept and id > ? order by id",
            (self.floor,),
        )
        for number, node, size in rows:
            numbers.append(number)
            self.dropped[node] += 1
            gone += size
            if gone >= over:
                break
        rows.close()
        if numbers:
            self._base.execute(
                "delete from message where not kept and id > ? and id <= ?",
                (self.floor, numbers[-1]),
            )
            self.count, self.bytes = self.count - len(numbers), self.bytes - gone

    def after(self, number: int, most: int) -> list[tuple[int, Message]]:
        """The oldest messages behind a number, with theirs.

        Parameters
        ----------
        number : int
            That of the last one that is not wanted; 0: from the first one on.
        most : int
            How many at most.

        Returns
        -------
        list of tuple of int and Message
            In their order.
        """
        rows = self._base.execute(
            "select id, topic, payload, kept, node from message where id > ? order by id limit ?",
            (number, most),
        )
        return [(row[0], Message(row[1], row[2], bool(row[3]), row[4])) for row in rows]

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget messages that the broker has; numbers that are gone do not matter."""
        count, size = self.count, self.bytes
        self._base.execute("begin")
        try:
            for number in numbers:
                row = self._base.execute(
                    "delete from message where id = ? returning size", (number,)
                ).fetchone()
                if row:
                    count, size = count - 1, size - row[0]
            self._base.execute("commit")
        except BaseException:  # else each later one would stand within this one
            with suppress(sqlite3.Error):
                self._base.execute("rollback")
            raise
        self.count, self.bytes = count, size

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with suppress(sqlite3.Error):
            self._base.close()
