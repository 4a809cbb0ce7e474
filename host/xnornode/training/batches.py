"""Batches for training: drawn in random order, augmented, encoded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.data.windows import Data
from xnornode.model.limits import INT16
from xnornode.nn.workers import Workers
from xnornode.training.config import TrainConfig
from xnornode.training.input_pipeline import InputPipeline

# Windows that are augmented and encoded at a time: enough to be worth NumPy's calls.
AHEAD = 1024


class Batches:
    """Batches of the network's input in random order, prepared a little ahead.

    Windows that are augmented are encoded while the network is busy, in a thread of its own; else
    everything is encoded once. Each process gets a share of every batch.

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
        self.augment = config.augment
        # Augmentation drops n-grams from encoded texts, but changes samples before the encoding.
        encoded_once = not self.augment or data.data_kind == "texts"
        self._fixed = inputs.compact(data.items) if encoded_once else None

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
        if self._fixed is not None:
            fixed = self._fixed[which]
            return self.augment.apply(fixed, self.rng) if self.augment else fixed
        assert self.augment
        changed = self.augment.apply(self.data.select(which).items, self.rng)
        np.rint(changed, out=changed)
        np.clip(changed, INT16.min, INT16.max, out=changed)
        return self.inputs.compact(changed.astype(np.int16))
