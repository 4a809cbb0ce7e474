"""XnorNode on the PC: train binary neural networks and put them on MicroPython sensor nodes."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "load_dataset": "datasets.load:load_dataset",
    "Dataset": "data.dataset:Dataset",
    "from_windows": "data.dataset:from_windows",
    "prepare": "data.prepare:prepare",
    "Splits": "data.prepare:Splits",
    "train": "training.trainer:train",
    "TrainConfig": "training.config:TrainConfig",
    "Dense": "nn.layer_spec:Dense",
    "Conv": "nn.layer_spec:Conv",
    "fold": "export.fold:fold",
    "Model": "model.model:Model",
    "XnorClassifier": "classifier:XnorClassifier",
    "estimate": "cost.estimate:estimate",
    "Budget": "search.budget:Budget",
    "push": "link.push:push",
    "Monitor": "link.monitor:Monitor",
    "XnorNodeError": "errors:XnorNodeError",
    "DataError": "errors:DataError",
    "ModelError": "errors:ModelError",
    "LinkError": "errors:LinkError",
    "NodeError": "errors:NodeError",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is asked for: a push needs no trainer."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name].split(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)
