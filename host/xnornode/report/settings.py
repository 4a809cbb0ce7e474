"""The settings of a training in words, without Python's notation."""

from dataclasses import fields, is_dataclass
from typing import Any

from xnornode.data.augment import Augment, ImageAugment, SoundAugment, TextAugment
from xnornode.data.augment_text import augment_in_words
from xnornode.nn.layer_spec import format_layers
from xnornode.training.config import TrainConfig


def describe_settings(config: TrainConfig) -> dict[str, str]:
    """The settings of a training as short text.

    Parameters
    ----------
    config : TrainConfig
        The settings.

    Returns
    -------
    dict of str
        Values by their names in `config`, without those that are None.

    Examples
    --------
    >>> from xnornode import TrainConfig
    >>> said = describe_settings(TrainConfig())
    >>> said["layers"], said["learning_rate"], said["global_average_pooling"]
    ('dense 64', '0.003', 'no')
    """
    given = {key: value for key, value in vars(config).items() if value is not None}
    found = {name: in_words(value) for name, value in given.items()}
    found["layers"] = format_layers(config.layers)
    found["features"] = config.features.describe()
    return found


def in_words(value: Any) -> str:
    """A value of a setting in words.

    Examples
    --------
    >>> in_words((0.5, True, "a")), in_words({"run": 2.0})
    ('0.5, yes, a', 'run 2')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Augment | ImageAugment | SoundAugment | TextAugment):
        return augment_in_words(value)
    if is_dataclass(value):
        named = ((f.name, getattr(value, f.name)) for f in fields(value))
        given = [f"{n.replace('_', ' ')} {in_words(v)}" for n, v in named if v not in (None, ())]
        return ", ".join(given) or type(value).__name__.lower()
    if isinstance(value, dict):
        return ", ".join(f"{k} {in_words(v)}" for k, v in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(in_words, value))
    return str(value)
