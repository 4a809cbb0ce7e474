"""A training that was interrupted goes on from the file it wrote after its last epoch."""

import io
import json
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xnornode._files import write_whole
from xnornode._typing import Float
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.nn.optimizers import Adam


@dataclass(eq=False)
class TrainingState:
    """All that training changes: written as it is, read into the same places."""

    network: list[Float]
    kept: list[Float]
    optimizer: Adam
    rng: np.random.Generator
    history: list[Any] = field(default_factory=list)
    best: int = 0

    def record(self, epoch: Any) -> None:
        """Take an epoch that has ended; keep the network's arrays if none validated better."""
        self.history.append(epoch)
        before = self.history[self.best - 1].validation if self.best else None
        if epoch.validation is None or epoch.validation >= (before or 0):
            self.best = epoch.number
            self.kept[:] = [array.copy() for array in self.network]


def digest(data: Data, validation: Data | None, teacher_logits: Float | None) -> int:
    """CRC-32 of what is trained on, by which a checkpoint is known again."""
    crc = 0
    for part in (data, validation):
        if part is not None:
            for one in part.items:
                crc = zlib.crc32(bytes(one), crc)
            crc = zlib.crc32(part.labels.tobytes(), crc)
    return crc if teacher_logits is None else zlib.crc32(teacher_logits.tobytes(), crc)


def write_checkpoint(path: Path, settings: str, state: TrainingState) -> None:
    """Write `state`, replacing the file whole."""
    about = {
        "settings": settings,
        "steps": state.optimizer.steps,
        "rng": state.rng.bit_generator.state,
        "history": [asdict(epoch) for epoch in state.history],
        "best": state.best,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), **_arrays(state)}
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_whole(path, content.getvalue())


def read_checkpoint(path: Path, settings: str, state: TrainingState, epoch: type) -> None:
    """Put the file's content into `state`.

    Raises DataError for a file that is none, or of other settings.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            stored = {name: file[name] for name in _arrays(state)}
    except Exception as error:  # a damaged archive fails in many ways
        raise DataError(f"{path} is no checkpoint of this training: {error}") from None
    if about["settings"] != settings:
        raise DataError(
            f"{path} was written with other settings or data: use those, or another file, or "
            "delete it"
        )
    for name, array in _arrays(state).items():
        array[...] = stored[name]
    state.optimizer.steps = about["steps"]
    state.rng.bit_generator.state = about["rng"]
    state.history.extend(epoch(**row) for row in about["history"])
    state.best = int(about["best"])


def _arrays(state: TrainingState) -> dict[str, Float]:
    groups = {"network": state.network, "kept": state.kept, "optimizer": state.optimizer.state()}
    return {f"{name}{i}": a for name, group in groups.items() for i, a in enumerate(group)}
