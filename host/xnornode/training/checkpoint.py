"""A training that was interrupted goes on from the file it wrote after its last epoch."""

import io
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xnornode._files import refuse_pipe, write_whole
from xnornode._typing import Float
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.nn.optimizers import Adam
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch


@dataclass(eq=False)
class TrainingState:
    """All that training changes: written as it is, read into the same arrays."""

    network: list[Float]
    kept: list[Float]
    optimizer: Adam
    rng: np.random.Generator
    history: list[Epoch] = field(default_factory=list)
    best: int = 0

    def record(self, epoch: Epoch) -> None:
        """Take an epoch that has ended; keep the network's arrays if none validated better."""
        self.history.append(epoch)
        before = self.history[self.best - 1].validation if self.best else None
        if epoch.validation is None or epoch.validation >= (before or 0):
            self.best = epoch.number
            self.kept[:] = [array.copy() for array in self.network]


def teacher_file(path: Path) -> Path:
    """The checkpoint of a training's teacher."""
    return path.with_name(path.name + ".teacher")


def checkpoint_file(output: Path) -> Path:
    """The checkpoint of a training that writes the model `output`, unless the user names one."""
    return output.with_name(output.name + ".checkpoint")


def choice_file(path: Path) -> Path:
    """Where the choice of a training is kept."""
    return path.with_name(path.name + ".choice")


def left_files(path: Path) -> list[Path]:
    """Which of the checkpoint and its teacher's are there."""
    return [p for p in (path, teacher_file(path)) if p.exists()]


def settings_text(
    config: TrainConfig,
    processes: int,
    data: Data,
    validation: Data | None,
    teacher_logits: Float | None = None,
) -> str:
    """All that a training's result depends on. A checkpoint of another text is refused."""
    return f"{config} {processes} {_digest(data, validation, teacher_logits)}"


def _digest(data: Data, validation: Data | None, teacher_logits: Float | None) -> int:
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
        "history": [vars(epoch) for epoch in state.history],  # asdict: half of a short epoch
        "best": state.best,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), **_arrays(state)}
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_whole(path, content.getvalue())


def read_settings(path: Path) -> str:
    """The `settings_text` of a checkpoint's training. Raises DataError for another file."""
    return str(_read(path, ())[0]["settings"])


def read_checkpoint(path: Path, settings: str, state: TrainingState) -> None:
    """Put the file's content into `state`.

    Raises DataError for a file that is no checkpoint, or one of other settings.
    """
    about, stored = _read(path, _arrays(state))
    if about["settings"] != settings:
        raise DataError(
            f"{path} was written with other settings or data: use those, or another file, or "
            "delete it"
        )
    try:
        for name, array in _arrays(state).items():
            if (stored[name].shape, stored[name].dtype) != (array.shape, array.dtype):
                raise ValueError(f"{name} has another shape or type")
            array[...] = stored[name]
        state.optimizer.steps = int(about["steps"])
        state.rng.bit_generator.state = about["rng"]
        state.history.extend(Epoch(**row) for row in about["history"])
        state.best = int(about["best"])
    except Exception:
        raise DataError(f"{path} is no checkpoint, or a damaged one") from None


def _read(path: Path, names: Iterable[str]) -> tuple[dict[str, Any], dict[str, Float]]:
    try:
        refuse_pipe(path)
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            about["settings"]
            return about, {name: file[name] for name in names}
    except Exception:  # a damaged archive fails in many ways
        raise DataError(f"{path} is no checkpoint, or a damaged one") from None


def _arrays(state: TrainingState) -> dict[str, Float]:
    groups = {"network": state.network, "kept": state.kept, "optimizer": state.optimizer.state()}
    return {f"{name}{i}": a for name, group in groups.items() for i, a in enumerate(group)}
