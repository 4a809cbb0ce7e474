"""A search that was stopped goes on from the file to which it added each training.

A line is a JSON object. The first line says which search the file is of, each other one is a
training. A last line that a power cut has torn is left out.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xnornode._files import naming, refuse_pipe
from xnornode.errors import DataError
from xnornode.model_search.budget import Candidate
from xnornode.model_search.trial import Counts

FORMAT = "xnornode-search-trials-1"


@dataclass(frozen=True)
class Outcome:
    """What a training gave, on the fold that it has not learned from.

    counts: right windows and windows of each group. temperature: of the logits there, fitted on
    `fitted` windows. error: why the training failed, if it did.
    """

    seconds: float
    counts: Counts = ()
    temperature: float = 1.0
    fitted: int = 0
    error: str = ""


def journal_file(output: Path) -> Path:
    """The journal of a search that writes the model `output`."""
    return output.with_name(output.name + ".search")


def key_of(candidate: Candidate, epochs: int, fold: int) -> str:
    """Which training an outcome is of."""
    settings = zlib.crc32(repr(candidate.config).encode())
    return f"{candidate.number} {settings:08x} {epochs} {fold}"


class Journal:
    """The outcomes of a search's trainings, and the file that keeps them.

    path: None keeps nothing. settings: what the outcomes depend on.

    Raises DataError for a file of another search, OSError.
    """

    def __init__(self, path: Path | None, settings: str) -> None:
        self._path, self._settings, self._known = path, settings, dict[str, Outcome]()
        if path is None or not path.exists():
            return
        found, self._known, size = _read(path)
        if found != settings:
            raise DataError(
                f"{path} was written with other settings or data: use those, or another file, or "
                "delete it"
            )
        with naming(path):
            os.truncate(path, size)

    def get(self, key: str) -> Outcome | None:
        """The outcome of a training that was done before."""
        return self._known.get(key)

    def add(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome."""
        self._known[key] = outcome
        if self._path is None:
            return
        with naming(self._path), self._path.open("ab") as file:
            if not file.tell():
                file.write(_line({"format": FORMAT, "settings": self._settings}))
            file.write(_line({"training": key, **asdict(outcome)}))
            file.flush()
            os.fsync(file.fileno())


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode() + b"\n"


def read_settings(path: Path) -> str:
    """Which search a file of trainings is of. Raises DataError for another file, or a damaged one.

    Raises OSError.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[str, dict[str, Outcome], int]:
    """The settings, the outcomes, and the bytes that are whole lines."""
    refuse_pipe(path)
    with naming(path):
        data = path.read_bytes()
    size = data.rfind(b"\n") + 1
    try:
        head, *lines = [json.loads(line) for line in data[:size].splitlines()]
        if head["format"] != FORMAT:
            raise ValueError(head["format"])
        known = {}
        for line in lines:
            key = str(line.pop("training"))
            counts = tuple((str(name), int(r), int(n)) for name, r, n in line.pop("counts"))
            known[key] = Outcome(counts=counts, **line)
        return str(head["settings"]), known, size
    except Exception:  # a damaged file fails in many ways
        raise DataError(f"{path} is no file of a search, or a damaged one") from None
