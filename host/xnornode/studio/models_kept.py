"""The models that the studio keeps, each in a folder with its report and how it was made."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xnornode import __version__
from xnornode._files import naming, open_to_read, read_most, write_whole
from xnornode.cost.estimate import estimate
from xnornode.data.recording_folder import check_name
from xnornode.errors import DataError, XnorNodeError
from xnornode.model.file_format import from_bytes
from xnornode.model.limits import MAX_STRING
from xnornode.studio import train_data
from xnornode.studio.jobs_files import Job
from xnornode.studio.train_command import FIGURES, MODEL, REPORT

FORMAT = "xnornode-made-1"
MADE = "made.json"
MOST_MADE, MOST_FIGURES = 8 << 20, 64 << 20
"""Bytes of `made.json` and of a report's JSON."""
MOST_MODEL = 64 << 20
"""Bytes of a model, which a node has no room for by far."""
MOST_NAMES = 10_000
"""Numbers that are tried for a free name."""
MOST_CLASSES = 64
"""Classes of a confusion matrix that the list of models shows."""
TRAININGS = ("train", "search")
"""Kinds of jobs that make a model."""

_known: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = {}


class KeptModels:
    """The folder of the models that are kept. All methods may be called from any thread.

    Parameters
    ----------
    folder : Path
        It is made with the first model.
    bin : Path
        Where deleted ones go.
    """

    def __init__(self, folder: Path, bin: Path) -> None:
        self.folder, self.bin = folder, bin

    def place(self, name: str) -> Path:
        """The folder of a model. Raises XnorNodeError if there is none of this name."""
        try:
            path = self.folder / check_name(name, "model")
        except DataError:
            path = None
        if path is None or path.is_symlink() or not path.is_dir():
            raise XnorNodeError(
                f"there is no model {name[:MAX_STRING]!r}: it may have been deleted"
            )
        return path

    def file(self, name: str, part: str = MODEL) -> Path:
        """A file of a model. Raises XnorNodeError where it is not there."""
        path = self.place(name) / part
        if path.is_symlink() or not path.is_file():
            raise XnorNodeError(f"{name} has no {part}: its training was not done")
        return path

    def free(self, wanted: str) -> str:
        """A name that no model has: the one wanted, or one with a number behind it."""
        wanted = check_name(wanted, "model")
        for number in range(1, MOST_NAMES):
            name = wanted if number == 1 else _numbered(wanted, number)
            if not (self.folder / name).exists():
                return name
        raise XnorNodeError(f"there are {MOST_NAMES:,} models called {wanted}: take another name")

    def claim(self, wanted: str) -> str:
        """Make the folder of a new model; its name. Raises XnorNodeError or OSError."""
        while True:
            name = self.free(wanted)
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                (self.folder / name).mkdir()
            except FileExistsError:
                continue  # another page was faster
            return name

    def rename(self, name: str, to: str) -> str:
        """Give a model another name. Raises XnorNodeError where that is taken."""
        place, to = self.place(name), check_name(to, "model")
        if to == name:
            return name
        target = self.folder / to
        try:
            target.mkdir()
        except FileExistsError:
            raise XnorNodeError(f"there is a model {to} already: choose another name") from None
        target.rmdir()
        place.rename(target)
        return to

    def remove(self, name: str) -> str:
        """Move a model to the bin; its name there."""
        place = self.place(name)
        self.bin.mkdir(parents=True, exist_ok=True)
        stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        for number in range(1, MOST_NAMES):
            there = f"{stamp}-{number} {name}"
            if not (self.bin / there).exists():
                place.rename(self.bin / there)
                return there
        raise OSError(errno.EEXIST, "the bin is full", str(self.bin))

    def binned(self) -> list[str]:
        """Names in the bin, the newest first."""
        found = [path.name for path in self.bin.iterdir()] if self.bin.is_dir() else []
        return sorted((name for name in found if " " in name), reverse=True)

    def bring_back(self, there: str) -> str:
        """Move a model out of the bin; its name. Raises XnorNodeError."""
        if there not in self.binned():
            raise XnorNodeError("this model is not in the bin any more")
        name = self.claim(there.partition(" ")[2])
        (self.folder / name).rmdir()
        (self.bin / there).rename(self.folder / name)
        return name

    def add(self, data: bytes, wanted: str) -> str:
        """Keep a model file that was made elsewhere; its name. Raises XnorNodeError."""
        model = from_bytes(data)
        if not model.selftest():
            raise XnorNodeError("the model fails its own test: the file is damaged")
        try:
            name = self.claim(wanted)
        except DataError:  # no name of a folder
            name = self.claim("model")
        place = self.folder / name
        try:
            write_whole(place / MODEL, data)
            write_made(place, {"kind": "added", "file": wanted})
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return name

    def list(self, jobs: Sequence[Job], data: Path) -> list[dict[str, Any]]:
        """All models, the newest first, in short."""
        places = self.folder.iterdir() if self.folder.is_dir() else ()
        now = train_data.look_at(data)
        found = [self._short(place, jobs, now) for place in places if _is_model(place)]
        return sorted(found, key=lambda one: (one["made"]["time"], one["name"]), reverse=True)

    def one(self, name: str, jobs: Sequence[Job], data: Path) -> dict[str, Any]:
        """A model with its report's figures, and what a search says of its trials."""
        place = self.place(name)
        whole = figures(place)
        report = whole.get("report", whole)
        search = {key: value for key, value in whole.items() if key != "report"}
        short = self._short(place, jobs, train_data.look_at(data))
        return {**short, "report": report, "search": search if report is not whole else None}

    def _short(self, place: Path, jobs: Sequence[Job], now: dict[str, Any]) -> dict[str, Any]:
        made = read_made(place)
        seen = made.pop("data", None)
        changed = train_data.changes(seen, now)
        if isinstance(seen, dict):
            made["data"] = {key: value for key, value in seen.items() if key != "each"}
        job = next(
            (job for job in jobs if job.about.get("model") == place.name and job.kind in TRAININGS),
            None,
        )
        running = job is not None and job.running
        result = None if running else result_of(place)
        return {
            "name": place.name,
            "state": "running" if running else "ready" if result else "unfinished",
            "made": made,
            "changed": changed,
            "job": job.public() if job else None,
            "has_report": (place / REPORT).is_file(),
            "result": result,
        }


def write_made(place: Path, about: dict[str, Any]) -> None:
    """Note how a model is made. Raises OSError."""
    content = {"format": FORMAT, "version": __version__, "time": now(), **about}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write_whole(place / MADE, text.encode("ascii"))


def now() -> str:
    """The time, as `made.json` has it."""
    return datetime.now().astimezone().isoformat(" ", "seconds")


def read_made(place: Path) -> dict[str, Any]:
    """How a model was made; of a folder without that note, when it was written."""
    content = _read(place / MADE, MOST_MADE)
    if content.get("format") != FORMAT or not isinstance(content.get("time"), str):
        time = datetime.fromtimestamp(place.stat().st_mtime).astimezone()
        content = {"kind": "added", "time": time.isoformat(" ", "seconds"), "version": ""}
    return content


def figures(place: Path) -> dict[str, Any]:
    """The JSON of a model's report; empty where there is none."""
    return _read(place / FIGURES, MOST_FIGURES)


def result_of(place: Path) -> dict[str, Any] | None:
    """What a model is and what it is worth; None as long as there is none.

    It is added to `made.json`, too, for whoever reads the folder.
    """
    path = place / MODEL
    try:
        stamp = _stamp(path) + _stamp(place / FIGURES)
        if (kept := _known.get(path)) and kept[0] == stamp:
            return kept[1]
        with naming(path), open_to_read(path) as file:
            data = read_most(file, MOST_MODEL + 1)
        model = from_bytes(data)
    except FileNotFoundError:
        return None
    except (OSError, XnorNodeError) as error:
        return {"problem": str(error)}
    cost = estimate(model)
    whole = figures(place)
    report = whole.get("report", whole)
    table, said = report.get("confusion"), report.get("cost")
    times = said.get("times") if isinstance(said, dict) else None  # of the test's own windows
    if not isinstance(times, list):
        times = [{"chip": t.chip, "microseconds": t.microseconds} for t in cost.times]
    found = {
        "model": model.name,
        "revision": model.revision,
        "sha256": hashlib.sha256(data).hexdigest(),
        "labels": list(model.labels),
        "bytes": len(data),
        "ram": cost.ram.total,
        "times": [{key: t[key] for key in ("chip", "microseconds")} for t in times],
        "accuracy": report.get("accuracy"),
        "interval": report.get("interval"),
        "confusion": table if isinstance(table, list) and len(table) <= MOST_CLASSES else None,
        "features": model.features.describe(),
        "notes": model.notes,
    }
    _known[path] = (stamp, found)
    made = _read(place / MADE, MOST_MADE)
    plain = {key: found[key] for key in ("accuracy", "bytes", "ram", "times", "sha256")}
    if made.get("format") == FORMAT and made.get("result") != plain:
        text = json.dumps({**made, "result": plain}, indent=1) + "\n"
        write_whole(place / MADE, text.encode("ascii"))
    return found


def _read(path: Path, most: int) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(read_most(file, most + 1))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when the file does; empty where there is none."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return ()
    return about.st_mtime_ns, about.st_size


def _is_model(place: Path) -> bool:
    hidden = place.name.startswith(".") or place.is_symlink()
    return not hidden and place.is_dir()


def _numbered(name: str, number: int) -> str:
    tail = f"-{number}"
    return name.encode()[: MAX_STRING - len(tail)].decode(errors="ignore").rstrip(" .") + tail
