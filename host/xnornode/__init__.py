"""XnorNode on the PC: train binary neural networks and put them on MicroPython sensor nodes.

The names of `__all__` are the public API. Each is imported when it is first used: whoever pushes a
model does not wait for the trainer.
"""

from __future__ import annotations

from xnornode._version import __version__ as __version__

TYPE_CHECKING = False  # `typing` is not imported: Ctrl-C at the start finds as little as may be
if TYPE_CHECKING:
    from xnornode.classifier import XnorClassifier
    from xnornode.cost.estimate import estimate
    from xnornode.data.dataset import Dataset, from_windows
    from xnornode.data.prepare import prepare
    from xnornode.data.read_options import ReadOptions, Seconds
    from xnornode.data.sound_augment import SoundAugment
    from xnornode.data.splits import PrepareOptions, Splits
    from xnornode.data.understood import Understood, understand
    from xnornode.datasets.load import load_dataset
    from xnornode.errors import (
        DataError,
        LinkError,
        LinkLost,
        ModelError,
        NodeError,
        XnorNodeError,
    )
    from xnornode.export.fold import fold
    from xnornode.link.addresses import Port
    from xnornode.link.monitor import Monitor
    from xnornode.link.push import push
    from xnornode.model.classifier import Classifier
    from xnornode.model.model import Model
    from xnornode.model.model_file import load_model, save_model
    from xnornode.model_search.budget import Budget
    from xnornode.model_search.search import search
    from xnornode.nn.layer_spec import Conv, Dense
    from xnornode.recipes.defaults import default_config
    from xnornode.training.config import TrainConfig
    from xnornode.training.trainer import train

_ROOMS = {
    "classifier": ("XnorClassifier",),
    "cost.estimate": ("estimate",),
    "data.dataset": ("Dataset", "from_windows"),
    "data.prepare": ("prepare",),
    "data.splits": ("PrepareOptions", "Splits"),
    "data.read_options": ("ReadOptions", "Seconds"),
    "data.sound_augment": ("SoundAugment",),
    "data.understood": ("Understood", "understand"),
    "datasets.load": ("load_dataset",),
    "errors": ("DataError", "LinkError", "LinkLost", "ModelError", "NodeError", "XnorNodeError"),
    "export.fold": ("fold",),
    "link.addresses": ("Port",),
    "link.monitor": ("Monitor",),
    "link.push": ("push",),
    "model.classifier": ("Classifier",),
    "model.model_file": ("load_model", "save_model"),
    "model.model": ("Model",),
    "nn.layer_spec": ("Conv", "Dense"),
    "model_search.budget": ("Budget",),
    "model_search.search": ("search",),
    "recipes.defaults": ("default_config",),
    "training.config": ("TrainConfig",),
    "training.trainer": ("train",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Budget",
    "Classifier",
    "Conv",
    "DataError",
    "Dataset",
    "Dense",
    "LinkError",
    "LinkLost",
    "Model",
    "ModelError",
    "Monitor",
    "NodeError",
    "Port",
    "PrepareOptions",
    "ReadOptions",
    "Seconds",
    "SoundAugment",
    "Splits",
    "TrainConfig",
    "Understood",
    "XnorClassifier",
    "XnorNodeError",
    "default_config",
    "estimate",
    "fold",
    "from_windows",
    "load_dataset",
    "load_model",
    "prepare",
    "push",
    "save_model",
    "search",
    "train",
    "understand",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'xnornode' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"xnornode.{_ROOM_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
