"""One pass over the data: forward, loss, backward, step, batch by batch."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float
from xnornode.errors import DataError
from xnornode.nn.losses import cross_entropy, distillation, squared_hinge, targets
from xnornode.nn.network import Network
from xnornode.nn.optimizers import Adam, learning_rate
from xnornode.nn.ordered import distances, steps, target_shares
from xnornode.training.batches import Batches
from xnornode.training.config import TrainConfig

Indices = npt.NDArray[np.intp]


Teach = Callable[[Float, Indices], Float]


class Run:
    """What a training works with.

    Parameters
    ----------
    network : Network
        What is trained.
    optimizer : Adam
        Moves its parameters.
    feed : Batches
        Its inputs.
    config : TrainConfig
        Loss, schedule and teacher.
    weights : ndarray of float32, shape (n,), or None
        How much each window counts. None: all alike.
    teach : callable or None
        Gives the teacher's logits for inputs and for their indices in the data.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Adam,
        feed: Batches,
        config: TrainConfig,
        weights: Float | None,
        teach: Teach | None,
    ) -> None:
        self.network, self.optimizer, self.feed, self.config = network, optimizer, feed, config
        self.weights, self.teach = weights, teach
        self.shares = None
        if config.label_spread:
            away = distances(steps(feed.data.classes), config.circular)
            self.shares = target_shares(away, config.label_spread)
        self.workers = optimizer.workers
        self._totals = self.workers.share(np.zeros((self.workers.count, 2)))

    def epochs(self, first: int) -> None:
        """All epochs from `first` on: what the processes do that help."""
        self.optimizer.join()
        for number in range(first, self.config.epochs + 1):
            self.epoch(number)

    def epoch(self, number: int) -> tuple[float, float]:
        """Epoch `number`, from 1 on; the mean loss and the accuracy on the data as they came.

        Raises DataError when the loss is no number any more.
        """
        labels, count = self.feed.data.labels, len(self.feed.data)
        total, right, seen = 0.0, 0, 0
        for x, part, size in self.feed.batches(number):
            done = (number - 1 + seen / count) / self.config.epochs
            self.network.advance(done)
            logits = self.network.forward(x, training=True)
            loss, grad = self._loss(logits, x, part)
            # Of a helping process, the first one sees it in the next batch.
            if not np.isfinite(loss) and not self.workers.rank:
                raise DataError(
                    f"training diverged in epoch {number}: lower the learning rate, "
                    f"{self.config.learning_rate}"
                )
            # The processes' gradients add up to that of the whole batch's mean loss.
            if len(part) < size:
                grad *= np.float32(len(part) / size)
            self.network.backward(grad)
            self.optimizer.step(
                learning_rate(self.config.schedule, done, self.config.learning_rate)
            )
            total += loss * len(part)
            right += int((logits.argmax(axis=1) == labels[part]).sum())
            seen += size
        self._totals[self.workers.rank] = total, right
        self.workers.meet()
        total, right = self._totals.sum(axis=0)
        return total / count, right / count

    def _loss(self, logits: Float, x: Float, part: Indices) -> tuple[float, Float]:
        config = self.config
        labels = self.feed.data.labels[part]
        target = targets(labels, logits.shape[1], config.smoothing, self.shares)
        weight = None if self.weights is None else self.weights[part]
        loss_of = squared_hinge if config.loss == "squared-hinge" else cross_entropy
        loss, grad = loss_of(logits, target, weight)
        if not (config.teacher and self.teach):
            return loss, grad
        share = np.float32(config.teacher.share)
        other, other_grad = distillation(logits, self.teach(x, part), config.teacher.temperature)
        return float((1 - share) * loss + share * other), (1 - share) * grad + share * other_grad
