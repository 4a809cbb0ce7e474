"""Kept windows of a node become recordings in a folder; each one once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xnornode._files import write_whole
from xnornode.data.recording_file import LONGEST_HEADER, Header
from xnornode.data.recording_folder import (
    Kept as KeptFile,
)
from xnornode.data.recording_folder import (
    add_recording,
    check_alike,
    check_name,
    check_parts,
    check_place,
    kept,
    next_name,
)
from xnornode.data.recording_groups import group_warning
from xnornode.errors import DataError, LinkError
from xnornode.link.kept import Window, ask_kept, fetch
from xnornode.link.messages import Kept
from xnornode.link.parsing import expect
from xnornode.link.protocol import Session

LABEL = "unsure"
"""Of windows, unless the user names another one."""
STATE = Path(".studio", "collected.json")
"""In the folder of the recordings: the number behind the last window that was fetched, by ring."""
MOST_RINGS = 10_000
"""That are remembered."""


@dataclass(frozen=True)
class Fetched:
    """A window that has become a recording.

    Parameters
    ----------
    path : Path
        The file.
    number : int
        In the node's ring.
    seconds : float
        How long it is.
    answer : str
        What the node answered.
    confidence : int
        Of the answer, in thousandths.
    model : str
        The model that answered.
    time : str
        When it began, ISO 8601; empty if unknown.
    """

    path: Path
    number: int
    seconds: float
    answer: str
    confidence: int
    model: str
    time: str


@dataclass
class Collected:
    """What came of a node.

    Parameters
    ----------
    facts : Kept, optional
        What the node has said that it has; after `forget` what it has left.
    fetched : list of Fetched
        Windows that are recordings now.
    damaged : list of str
        What is wrong with those that cannot be recordings.
    left_out : list of str
        Why others do not go into this folder.
    missed : int
        Windows that were removed before they were fetched.
    """

    facts: Kept | None = None
    fetched: list[Fetched] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missed: int = 0


class Collector:
    """Fetches what nodes have kept and a folder does not have yet.

    Several threads may collect with one, each from a node of its own.

    Parameters
    ----------
    folder : Path
        Of all recordings. It need not be there.
    label : str, default LABEL
        The class of the recordings, until somebody sorts them.
    group : str, default ""
        Who or what the node looks at.
    forget : bool, default False
        Whether the node removes what is in the folder.
    progress : callable, optional
        Gets the windows done, and the windows in all.

    Attributes
    ----------
    warnings : list of str
        What may become a trouble, though it can be recorded.

    Raises
    ------
    DataError
        If windows cannot be recorded into the folder.

    Examples
    --------
    >>> with connect("/dev/ttyACM0") as session:  # doctest: +SKIP
    ...     done = Collector(Path("unsure")).collect(session)
    >>> len(done.fetched)  # doctest: +SKIP
    12
    """

    def __init__(
        self,
        folder: Path,
        label: str = LABEL,
        group: str = "",
        forget: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.folder, self._forget, self._progress = folder, forget, progress
        self.label = check_name(label, "label")
        self.group = check_name(group, "group") if group else ""
        check_place(folder, self.label, self.group)
        self._there: list[KeptFile] = [*kept(folder)]
        check_parts([self.label, *(r.label for r in self._there)], "label")
        groups = [r.group for r in self._there]
        self.warnings: list[str] = []
        if text := group_warning(groups, self.group):
            self.warnings.append(text)
        self._lock = threading.Lock()
        self._next = _read_state(folder)
        for file in self._there:
            ring, number = _window_of(file.path)
            if ring:  # also those that a program that was killed has not noted
                self._next[ring] = max(self._next.get(ring, 1), number + 1)

    def collect(self, session: Session, into: Collected | None = None) -> Collected:
        """Fetch what is new.

        Parameters
        ----------
        session : Session
            A session that is greeted.
        into : Collected, optional
            Is filled as it goes on, so that its owner knows what came before an error.

        Returns
        -------
        Collected
            What came.

        Raises
        ------
        LinkError
            If the node does not answer, or refuses.
        OSError
            A recording cannot be written.
        """
        done = into or Collected()
        done.facts = facts = ask_kept(session)
        asked = datetime.now(UTC)
        if facts.oldest is None:
            return done
        number = self._next.get(facts.ring, 1)
        done.missed = max(0, facts.oldest - number)
        total = min(facts.windows, max(0, facts.next - max(number, facts.oldest)))
        last = facts.next - 1  # of those that the node may forget
        for count, window in enumerate(fetch(session, facts, number), 1):
            try:
                if window.record is None:
                    done.damaged.append(window.problem)
                else:
                    done.fetched.append(self._write(facts, window, asked))
            except DataError as error:
                done.left_out.append(f"window {window.number}: {error}")
                last = min(last, window.number - 1)
            self._remember(facts.ring, window.number + 1)
            self._progress(min(count, total), total)
        if self._forget:
            done.facts = self._have_forgotten(session, facts, last)
        return done

    def _write(self, facts: Kept, window: Window, asked: datetime) -> Fetched:
        record = window.record
        assert record
        check_alike(self._there, record.channels, record.scales)
        name = next_name(self.folder, self.label, self.group)
        own = replace(record.recording, label=self.label, group=self.group, name=name)
        time = ""
        if window.session and window.session == facts.session and window.ms <= facts.ms:
            ago = timedelta(milliseconds=facts.ms - window.ms, seconds=record.seconds)
            time = (asked - ago).isoformat(timespec="seconds").replace("+00:00", "Z")
        # The ring's word as `kept` has it: by both, a window is known again
        mark = f"{facts.ring}/{window.number}"
        path = add_recording(self.folder, replace(record, recording=own, time=time, kept=mark))
        with self._lock:
            self._there = self._there or [_head(path)]
        told = record.answer, record.confidence, record.model
        return Fetched(path, window.number, record.seconds, *told, time)

    def _remember(self, ring: str, number: int) -> None:
        """Note what is fetched, also for when its recording is deleted."""
        with self._lock:
            self._next.pop(ring, None)  # it becomes the last one
            self._next[ring] = number
            rings = dict([*self._next.items()][-MOST_RINGS:])
            path = self.folder / STATE
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(rings).encode())

    def _have_forgotten(self, session: Session, facts: Kept, last: int) -> Kept:
        """Have the node remove its windows up to the last one. Raises LinkError."""
        oldest = facts.oldest
        for _ in range(facts.windows):
            if oldest is None or oldest > last:
                break
            facts = expect(Kept, session.request("forget", number=last))
            if facts.oldest is not None and facts.oldest <= oldest:
                raise LinkError(f"the node does not remove window {oldest}")
            oldest = facts.oldest
        return facts


def _head(path: Path) -> KeptFile:
    return next(file for file in kept(path.parent) if file.path == path)


def _window_of(path: Path) -> tuple[str, int]:
    """The ring and the number of the window that a recording is; "" for any other."""
    with suppress(OSError, DataError), path.open("rb") as file:
        header = Header.read(file.readline(LONGEST_HEADER), str(path))
        ring, _, number = header.more["kept"].rpartition("/")
        if number.isascii() and number.isdecimal():
            return ring, int(number)
    return "", 0


def _read_state(folder: Path) -> dict[str, int]:
    """What was fetched before. A file that somebody has damaged counts as none."""
    try:
        found = json.loads((folder / STATE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {k: v for k, v in found.items() if type(v) is int and v > 0}
