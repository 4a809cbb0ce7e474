"""Batches for training: drawn in random order, augmented, encoded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Int16
from xnornode.data.augment import Augmentation, LevelAugmentation
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.model.features import Features
from xnornode.model.limits import INT16
from xnornode.nn.workers import Workers
from xnornode.training.config import TrainConfig
from xnornode.training.input_pipeline import InputPipeline, level_shape

# Windows that are augmented and encoded at a time: enough to be worth NumPy's calls.
AHEAD = 1024


class Batches:
    """Batches of the network's input in random order, prepared a little ahead.

    Windows that are augmented are encoded while the network is busy, in a thread of its own; else
    everything is encoded once. Where levels of bands alone are augmented, features are computed
    once. Each process gets a share of every batch.

    Parameters
    ----------
    data : Windows or Texts
        What is trained on.
    inputs : InputPipeline
        What windows become before the network.
    config : TrainConfig
        Batch size, augmentation and seed.
    rng : Generator
        Draws the order, and what augmentation changes.
    workers : Workers
        The processes.
    """

    def __init__(
        self,
        data: Data,
        inputs: InputPipeline,
        config: TrainConfig,
        rng: np.random.Generator,
        workers: Workers,
    ) -> None:
        self.data, self.inputs, self.batch, self.rng = data, inputs, config.batch, rng
        self.workers, self.seed = workers, config.seed
        self._order = workers.share(np.arange(len(data)))
        augment = config.augment
        of_levels = augment if isinstance(augment, LevelAugmentation) else None
        self._of_levels = of_levels if of_levels and of_levels.changes_values else None
        self._shape = level_shape(inputs.features, *data.shape)
        # Augmentation drops n-grams from encoded texts, but changes samples before the encoding.
        self._of_inputs = augment if data.data_kind == "texts" else None
        self._of_samples = augment if data.data_kind == "windows" else None
        if of_levels and not of_levels.changes_samples:
            self._of_samples = None
        # Made once: the network's inputs; or values, of one or more versions behind each other.
        self._inputs: npt.NDArray[np.integer] | None = None
        self._values: Int16 | None = None
        self._versions = getattr(augment, "versions", 0)  # not all augmentations have it
        if self._of_samples and self._versions:
            self._values = self._made()
        elif self._of_levels and not self._of_samples:
            self._versions, self._values = 1, inputs.features.values(data.items)
        elif not self._of_samples:
            self._inputs = inputs.compact(data.items)

    def batches(self, epoch: int) -> Iterator[tuple[Float, npt.NDArray[np.intp], int]]:
        """Inputs, float32 (n, width), which of the data they are, and the size of the whole batch.

        Once through all data. epoch: its number.
        """
        count = len(self.data)
        if self.workers.rank:
            # What is drawn here must not depend on epochs that another process has done.
            self.rng = np.random.default_rng([self.seed, self.workers.rank, epoch])
        else:
            self._order[:] = self.rng.permutation(count)
        self.workers.meet()
        # Parts of nearly equal size: no small rest, and one step where the batch exceeds the set.
        whole = np.array_split(self._order, -(-count // self.batch))
        sizes = iter([len(part) for part in whole])
        parts = [self.workers.part(part) for part in whole]
        each = max(1, AHEAD // self.batch)
        blocks = [parts[i : i + each] for i in range(0, len(parts), each)]
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._prepare, blocks[0])
            for i, block in enumerate(blocks):
                ready = coming.result()
                if i + 1 < len(blocks):
                    coming = ahead.submit(self._prepare, blocks[i + 1])
                at = 0
                for part in block:
                    yield self.inputs.floats(ready[at : at + len(part)]), part, next(sizes)
                    at += len(part)

    def _prepare(self, block: list[npt.NDArray[np.intp]]) -> npt.NDArray[np.integer]:
        which = np.concatenate(block)
        if self._inputs is not None:
            fixed = self._inputs[which]
            return self._of_inputs.apply(fixed, self.rng) if self._of_inputs else fixed
        if self._values is None:
            values = self._changed_values(which, self.rng)
        else:
            version = self.rng.integers(0, self._versions, len(which))
            values = self._values[version * len(self.data) + which]
        if self._of_levels:
            assert self._shape
            values = self._of_levels.apply_values(values, self._shape, self.rng)
        return self.inputs.encoded(values)

    def _changed_values(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> Int16:
        """Values of windows whose samples are changed."""
        assert self._of_samples
        changed = self._of_samples.apply(self.data.select(which).items, rng)
        np.rint(changed, out=changed)
        np.clip(changed, INT16.min, INT16.max, out=changed)
        values: Int16 = self.inputs.features.values(changed.astype(np.int16))
        return values

    def _made(self) -> Int16:
        """Values of all versions; by the seed alone, so that a resumed training has the same."""
        rng = np.random.default_rng([self.seed, self._versions])
        count = len(self.data)
        blocks = np.array_split(np.arange(count), -(-count // AHEAD))
        parts = [self._changed_values(b, rng) for _ in range(self._versions) for b in blocks]
        return np.concatenate(parts)


def check_levels(augment: Augmentation, features: Features, length: int, channels: int) -> None:
    """Raise DataError if `augment` changes levels of bands, and the features have none such."""
    if not isinstance(augment, LevelAugmentation) or not augment.changes_values:
        return
    shape = level_shape(features, length, channels)
    if shape is None:
        raise DataError(
            "band mask, frame mask and band shift change levels of frequency bands, and "
            f"{features.NAME} features have none: use logmel or spectrum, or leave them out"
        )
    augment.check_values(shape)
