"""Training by several processes, each with a share of every batch."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.small_waves import CONFIG, accuracy, train_on, waves
from xnornode.data.augment import Augment
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.nn.layers import parameter
from xnornode.nn.optimizers import Adam
from xnornode.nn.workers import CAN_FORK, Workers
from xnornode.training.config import Teacher

pytestmark = [
    pytest.mark.quick,
    pytest.mark.skipif(not CAN_FORK, reason="this system has no fork"),
]


def test_two_processes_learn_the_same_each_time() -> None:
    training, test = waves(1, "abcd"), waves(2, "ef", 300)
    config = replace(CONFIG, augment=Augment(shift=3), teacher=Teacher(epochs=2))
    models = [fold(train_on(training, config, processes=2)) for _ in range(2)]
    assert to_bytes(models[0]) == to_bytes(models[1])
    assert accuracy(models[0], test) > 0.9


def test_the_processes_step_is_that_of_one_alone() -> None:
    # Without batch norm's spread between the halves, the gradients' sum is that of the whole.
    parameters = [[parameter(np.linspace(-1, 1, 7, dtype=np.float32), latent=True)] for _ in "ab"]
    parts = np.random.default_rng(0).normal(size=(5, 2, 7)).astype(np.float32)
    alone = Adam(parameters[0])
    with Workers(2) as workers:
        shared = Adam(parameters[1], workers)

        def work() -> None:
            shared.join()
            for part in parts:
                parameters[1][0].grad[...] = part[workers.rank]
                shared.step(0.01)

        workers.start(work)
        work()
        for part in parts:
            parameters[0][0].grad[...] = part.sum(axis=0)
            alone.step(0.01)
        assert np.allclose(parameters[0][0].value, parameters[1][0].value, atol=1e-6)


def test_a_process_that_ends_is_said() -> None:
    with Workers(2) as workers:
        workers.start(lambda: None)
        with pytest.raises(DataError, match="a process of the training has ended"):
            workers.meet()


def test_divergence_in_two_processes_is_said() -> None:
    with pytest.raises(DataError, match="diverged in epoch"), np.errstate(all="ignore"):
        train_on(waves(1, "ab"), replace(CONFIG, learning_rate=1e38), processes=2)
