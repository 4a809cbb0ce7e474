"""What scikit-learn's conventions give a classifier, as the types of this project."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.errors import DataError
from xnornode.model.limits import MAX_CHANNELS, MAX_STRING
from xnornode.model.model import Window
from xnornode.model.names import fitting, is_name, normalized
from xnornode.nn.layer_spec import Dense, Spec, parse_layers
from xnornode.training.config import Teacher

Array = npt.NDArray[Any]


def as_layers(layers: str | Sequence[int | Spec], image: bool) -> tuple[tuple[Spec, ...], bool]:
    """Layers from text, widths or layers; whether global average pooling ends them."""
    if isinstance(layers, str):
        return parse_layers(layers, image)
    return tuple(Dense(int(x)) if isinstance(x, int | np.integer) else x for x in layers), False


def as_teacher(teacher: float | Teacher) -> Teacher | None:
    """A teacher from its share of the loss; none for 0."""
    if isinstance(teacher, Teacher):
        return teacher
    return Teacher(share=teacher) if teacher else None


def as_weights(weights: Any, classes: Array) -> Any:
    """Weights in the order of the classes from a mapping; a class that it lacks has weight 1."""
    if isinstance(weights, Mapping):
        return tuple(float(weights.get(c, 1.0)) for c in classes)
    return weights


def as_seed(state: Any) -> int:
    """A seed from an int, a RandomState, a Generator, or None: any, by NumPy's global state."""
    if state is None:
        return int(np.random.randint(2**31 - 1))
    if isinstance(state, np.random.RandomState):
        return int(state.randint(2**31 - 1))
    if isinstance(state, np.random.Generator):
        return int(state.integers(2**31 - 1))
    return int(state)


def as_windows(x: Array, image_shape: tuple[int, int] | None) -> Array:
    """X as windows (n, length, channels). Raises DataError."""
    if x.ndim > 4 or not x[0].size:
        raise DataError(f"X of shape {x.shape} holds no windows, features or images")
    if image_shape is not None:
        pixels = image_shape[0] * image_shape[1]
        if x[0].size % pixels:
            raise DataError(f"X of shape {x.shape} holds no images of {image_shape}")
        return x.reshape(len(x), pixels, -1)
    if x.ndim == 2:
        return x[:, None, :] if x.shape[1] <= MAX_CHANNELS else x[:, :, None]
    return x


def as_window(counts: Int16, units: npt.NDArray[np.float64], names: Sequence[str]) -> Window:
    """What the model file says of windows (n, length, channels); names: the columns, if known."""
    length, channels = counts.shape[1:]
    titles = [f"feature {i}" if length == 1 else f"channel {i}" for i in range(channels)]
    if len(names) == channels:
        fit = [fitting(normalized(str(n)), MAX_STRING, "") for n in names]
        titles = [name or title for name, title in zip(fit, titles, strict=True)]
    nano = np.rint(1e9 * units)
    # Scale 0 means counts or unknown; a scale that does not fit the field counts as unknown.
    known = (units != 1) & (nano >= 1000) & (nano < 2**32)
    scales = tuple(int(n) for n in np.where(known, nano, 0))
    return Window(tuple(titles), length, length, 0, scales)


def as_label(value: Any, i: int) -> str:
    """The name of a class: its text where a model file can hold it, else its number."""
    text = str(value)
    return text if is_name(text) else f"class {i}"
