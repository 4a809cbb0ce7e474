"""From an example set to a model file's content by the settings that are known to work for it."""

from collections.abc import Callable
from dataclasses import dataclass

from xnornode.augment import Augment
from xnornode.data import DataSet, Windows, cut_windows, split_groups
from xnornode.fold import fold
from xnornode.model import Model, Window
from xnornode.train import Epoch, TrainConfig, Trained, train


@dataclass(frozen=True)
class Recipe:
    """Settings for one kind of data.

    length, hop: the window on the node, in samples. training_hop: that of the training windows,
    smaller, so that a movement is seen at every phase.
    """

    config: TrainConfig
    length: int = 128
    hop: int = 64
    training_hop: int = 16


# Chosen by cross-validation over the seven training people (one or two held out at a time), not by
# the test people: 81.4 % there, give or take 0.4. About two points less each: without the mirror,
# without the rotation, with 2 bits, with 32 neurons. No gain: more neurons, a second layer, more
# epochs, smoothing, the polynomial estimator, noise, dropped inputs, stretched recordings.
WATCH = Recipe(
    TrainConfig(
        hidden=(64,),
        bits=3,
        epochs=20,
        augment=Augment(mirror=(0, 4, 5), rotation=20, triads=(0, 3)),
    )
)


@dataclass(frozen=True, eq=False)
class Built:
    """A model for a node, what it was folded from, and the windows it was not trained on."""

    model: Model
    trained: Trained
    test: Windows


def build(data: DataSet, recipe: Recipe, progress: Callable[[Epoch], None] | None = None) -> Built:
    """Train on all groups of `data` but its test groups, and fold.

    Raises DataError, or ModelError for a window that the format does not allow.
    """
    training, held_out = split_groups(data.recordings, data.test_groups)
    windows = cut_windows(training, data.labels, recipe.length, recipe.training_hop)
    test = cut_windows(held_out, data.labels, recipe.length, recipe.hop)
    window = Window(data.channels, recipe.length, recipe.hop, data.rate_mhz, data.scales)
    trained = train(windows, recipe.config, progress=progress)
    model = fold(trained.network, trained.encoder, window, data.labels, data.name)
    return Built(model, trained, test)
