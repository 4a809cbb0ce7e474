"""Makes recordings for the studio, in a thread: pages may come and go meanwhile."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from typing import Any

from xnornode.errors import XnorNodeError
from xnornode.link.partial import recover
from xnornode.link.recorder import LONGEST, Recorder
from xnornode.link.recording import Block
from xnornode.link.take import Take, Written
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import to_bin
from xnornode.studio.data_paths import inside, key_of, tell_change
from xnornode.studio.record_source import NO_NODE, NodeSource, Stopped
from xnornode.studio.requests import BadRequest

MOST_TURNS = 10_000
SHOWN = 12
"""Recordings that pages show as the last ones."""
ELSEWHERE = "record into another folder"
"""What a command can do, and a page cannot."""
TELL = 0.15
"""Seconds from one state that pages get to the next."""
SOUND = 2000.0
"""Hertz from which one channel can be played as sound."""


@dataclass(frozen=True)
class Wish:
    """What a page wants to have recorded; as the options of `xnornode record`."""

    label: str
    group: str
    seconds: float
    repeat: int
    pause: float
    allow_loss: bool
    button: bool

    def check(self) -> None:
        """Raise BadRequest for numbers out of range."""
        for what, value, least in (("length", self.seconds, 1e-3), ("pause", self.pause, 0.0)):
            if not least <= value <= LONGEST:
                raise BadRequest(f"the {what} is a number of seconds up to {LONGEST:,.0f}")
        if not 1 <= self.repeat <= MOST_TURNS:
            raise BadRequest(f"the number of recordings is 1 to {MOST_TURNS:,}")


class Desk:
    """Records, one wish at a time.

    Parameters
    ----------
    studio : Studio
        Its topic `record` gets the state: what is under way, and what was written last.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.RLock()
        self._busy = self._closed = False
        self._thread: threading.Thread | None = None
        self._source: NodeSource | None = None
        self._told = 0.0
        self.state: dict[str, Any] = {"phase": "idle", "written": [], "problem": "", "notes": []}
        self._reset("idle")
        self._recover()

    def start(self, wish: Wish) -> None:
        """Begin. Raises XnorNodeError where that cannot be, or another recording is under way."""
        wish.check()
        with self._lock:
            if self._busy:
                raise XnorNodeError(f"a recording is under way: {self._account()}")
            self._tell(problem="")  # it was of the try before
            if self._studio.link.port is None:
                raise XnorNodeError(NO_NODE)
            self._busy = True
        try:
            recorder = Recorder(
                self._studio.data, wish.label, wish.group, wish.seconds, wish.allow_loss
            )
            source = NodeSource(self._studio.link, recorder.heard)
        except BaseException:
            self._busy = False
            raise
        with self._lock:
            self._source = source
            self._reset(
                "waiting" if wish.button else "countdown",
                wish=asdict(wish),
                label=recorder.label,
                group=recorder.group,
                turn=1,
                of=wish.repeat,
                left=ceil(wish.pause),
                notes=list(recorder.warnings),
            )
            for found in recorder.recovered:
                self._note_recovered(found)
            work = partial(self._run, recorder, source, wish)
            self._thread = threading.Thread(target=work, name="record", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End what is under way; what came is kept as a recording that was cut short."""
        with self._lock:
            if self._source:
                self._source.stop()

    def undo(self, key: str | None) -> str:
        """Put the last recording, or another of the last ones, into the bin; its key."""
        with self._lock:
            keys = [entry["path"] for entry in self.state["written"]]
            if not keys:
                raise XnorNodeError("there is no recording to undo")
            key = key or keys[0]
            if key not in keys:
                raise BadRequest("this is none of the last recordings")
        try:
            to_bin(self._studio, inside(self._studio, key))
        finally:  # one that another page has deleted is not shown any more either
            with self._lock:
                left = [entry for entry in self.state["written"] if entry["path"] != key]
                self._tell(written=left)
        return key

    def forget_gone(self) -> None:
        """Show no recording any more that was moved or deleted on another page."""
        with self._lock:
            shown = self.state["written"]
            left = [entry for entry in shown if (self._studio.data / entry["name"]).is_file()]
            if left != shown:
                self._tell(written=left)

    def close(self) -> None:
        """Stop, and wait until what came is written."""
        self.stop()
        if self._thread:
            self._thread.join(10.0)

    def _recover(self) -> None:
        with suppress(OSError, XnorNodeError):
            for found in recover(self._studio.data):
                self._note_recovered(found)

    def _note_recovered(self, found: Written) -> None:
        self._add(found)
        name = found.path.relative_to(self._studio.data).as_posix()
        note = f"kept {name}, {found.seconds:.4g} s, of a recording whose program was killed"
        self._tell(notes=[*self.state["notes"], note][-SHOWN:])

    def _account(self) -> str:
        state = self.state
        named = f"{state['label']} ({state['group']})" if state["group"] else state["label"]
        return f"{named}, {state['turn']} of {state['of']}" if named else "it begins just now"

    def _run(self, recorder: Recorder, source: NodeSource, wish: Wish) -> None:
        phase, problem = "idle", "the recording has failed: the studio's terminal says why"
        try:
            info = source.info
            recorder.check_sensor(info)
            if wish.button:
                recorder.check_button(info)
            if text := recorder.check_port(info):
                self._tell(notes=[*self.state["notes"], text])
            self._tell(nominal=info.rate_mhz / 1000, sensor=info.sensor[:80])
            for turn in range(1, wish.repeat + 1):
                self._turn(recorder, source, wish, turn)
            phase, problem = "done", ""
        except Stopped:
            problem = ""
        except XnorNodeError as error:
            problem = str(error).replace(ELSEWHERE, "start the studio with another folder")
        except OSError as error:
            problem = f"{error.filename or self._studio.data}: {error.strerror}"
        except MemoryError:
            problem = "this computer's memory is too small for that"
        finally:
            source.close()
            if problem and recorder.written and recorder.written[-1].cut:
                problem += "; what came is kept, as a recording that was cut short"
            with self._lock:
                self._source, self._busy = None, False
                self._tell(phase=phase, problem=problem, left=0)

    def _turn(self, recorder: Recorder, source: NodeSource, wish: Wish, turn: int) -> None:
        first = None
        empty = {"taken": 0, "wanted": 0, "lost": 0, "clipped": 0, "rate": 0.0}
        if wish.button:
            self._tell(phase="waiting", turn=turn, left=0, **empty)
            first = recorder.wait_for_press(source, lambda block: None)
        else:
            self._tell(phase="countdown", turn=turn, left=ceil(wish.pause), **empty)
            recorder.count_down(source, wish.pause, self._counting)
        self._tell(phase="recording", left=0)
        recorder.record(source, self._taking, self._wrote, first)

    def _counting(self, left: float, block: Block | None) -> None:
        if ceil(left) != self.state["left"]:
            self._tell(left=ceil(left))

    def _taking(self, take: Take, block: Block | None) -> None:
        if time.monotonic() - self._told >= TELL:
            self._tell(
                taken=take.taken,
                wanted=take.wanted,
                lost=take.lost,
                clipped=take.clipped,
                rate=round(take.rate, 2),
            )

    def _wrote(self, new: Written) -> None:
        self._add(new)
        self._tell(taken=new.samples, lost=new.lost, clipped=new.clipped, rate=round(new.rate, 2))
        tell_change(self._studio)

    def _add(self, new: Written) -> None:
        rate = new.samples / new.seconds
        entry = {
            "path": key_of(new.path.relative_to(self._studio.data)),
            "name": new.path.relative_to(self._studio.data).as_posix(),
            "label": new.label,
            "group": new.group,
            "seconds": round(new.seconds, 3),
            "samples": new.samples,
            "lost": new.lost,
            "clipped": new.clipped,
            "rate": round(new.rate, 2),
            "cut": new.cut,
            "warnings": list(new.warnings),
            "sound": len(new.channels) == 1 and rate >= SOUND,
        }
        with self._lock:
            self.state = {**self.state, "written": [entry, *self.state["written"]][:SHOWN]}

    def _reset(self, phase: str, **fields: Any) -> None:
        clean: dict[str, Any] = {
            "wish": None, "label": "", "group": "", "turn": 0, "of": 0, "left": 0, "taken": 0,
            "wanted": 0, "rate": 0.0, "nominal": 0.0, "sensor": "", "lost": 0, "clipped": 0,
            "problem": "", "notes": [],
        }  # fmt: skip
        self._tell(phase=phase, **{**clean, **fields})

    def _tell(self, **fields: Any) -> None:
        with self._lock:
            self.state = {**self.state, **fields}
            self._told = time.monotonic()
            self._studio.bus.publish("record", {"state": self.state}, keep=True)
