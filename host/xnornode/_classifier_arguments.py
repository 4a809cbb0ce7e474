"""What scikit-learn's conventions give a classifier, as the types of this project."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16
from xnornode.data.class_labels import some
from xnornode.errors import DataError
from xnornode.model.features import Raw
from xnornode.model.limits import MAX_CHANNELS, MAX_STRING
from xnornode.model.model import Window
from xnornode.model.names import fitting, is_name, normalized
from xnornode.nn.layer_spec import Dense, Spec, parse_layers
from xnornode.training.config import Teacher, TrainConfig

Array = npt.NDArray[Any]

MOST_RATIO = 1000
"""Of how much columns vary that share a scale: int16 has 65,536 steps, int8 256."""
LEAST_SCALE = 1000  # billionths; a smaller one would be rounded by more than 0.1 %


def as_layers(layers: str | Sequence[int | Spec], image: bool) -> tuple[tuple[Spec, ...], bool]:
    """Layers from text, widths or layers; whether global average pooling ends them."""
    if isinstance(layers, str):
        return parse_layers(layers, image)
    if not isinstance(layers, Iterable):
        raise DataError(f"layers must be text or a sequence, such as ({layers!r},)")
    specs = tuple(Dense(int(x)) if isinstance(x, int | np.integer) else x for x in layers)
    if odd := [x for x in specs if not isinstance(x, Spec)]:
        raise DataError(f"a layer must be a width, Dense or Conv, not {odd[0]!r}")
    return specs, False


def as_config(estimator: Any, classes: Array) -> TrainConfig:
    """The settings of a training from a classifier's parameters. Raises DataError."""
    _check_types(estimator)
    layers, pooling = as_layers(estimator.layers, image=estimator.image_shape is not None)
    names = [f.name for f in fields(TrainConfig) if hasattr(estimator, f.name)]
    given = {name: getattr(estimator, name) for name in names} | {
        "layers": layers,
        "global_average_pooling": pooling,
        "features": Raw() if estimator.features is None else estimator.features,
        "class_weights": as_weights(estimator.class_weight, classes),
        "teacher": as_teacher(estimator.teacher),
        "seed": as_seed(estimator.random_state),
    }
    return TrainConfig(**given)


def _check_types(estimator: Any) -> None:
    """Refuse parameters of another type; their values are checked by TrainConfig."""
    for types, what, names in (
        (Integral, "a whole number", ("bits", "epochs", "batch")),
        (Real, "a number", ("learning_rate", "smoothing")),
        ((Real, Teacher), "a number or a Teacher", ("teacher",)),
        ((bool, np.bool_, type(None)), "True, False or None", ("channels_first",)),
    ):
        for name in names:
            if not isinstance(getattr(estimator, name), types):
                raise DataError(f"{name} must be {what}, not {getattr(estimator, name)!r}")
    for name, example in (("features", "Statistics()"), ("augment", "Augmentation()")):
        value = getattr(estimator, name)
        if value is not None and not hasattr(value, "data_kind"):
            raise DataError(f"{name} must be an object such as {example}, not {value!r}")


def as_teacher(teacher: float | Teacher) -> Teacher | None:
    """A teacher from its share of the loss; none for 0."""
    if isinstance(teacher, Teacher):
        return teacher
    return Teacher(share=teacher) if teacher else None


def as_weights(weights: Any, classes: Array) -> Any:
    """Weights in the order of the classes from a mapping; a class that it lacks has weight 1."""
    if weights is None or (isinstance(weights, str) and weights == "balanced"):
        return weights
    if not isinstance(weights, Mapping):
        raise DataError(
            'class_weight must be "balanced", None or a mapping from members of y to weights, not '
            f"{type(weights).__name__}"
        )
    known = classes.tolist()
    if odd := [key for key in weights if key not in known]:
        raise DataError(
            f"class_weight has {some(map(repr, odd))}, which {'is' if len(odd) == 1 else 'are'} no "
            f"class of y: its classes are {some(map(repr, known))}"
        )
    try:
        return tuple(float(weights.get(c, 1.0)) for c in known)
    except (TypeError, ValueError) as error:
        raise DataError(f"class_weight: {error}: weights must be numbers") from None


def as_seed(state: Any) -> int:
    """A seed from an int, a RandomState, a Generator, or None: any, by NumPy's global state."""
    if state is None:
        return int(np.random.randint(2**31 - 1))
    if isinstance(state, np.random.RandomState):
        return int(state.randint(2**31 - 1))
    if isinstance(state, np.random.Generator):
        return int(state.integers(2**31 - 1))
    if isinstance(state, int | np.integer) and state >= 0:
        return int(state)
    raise DataError(f"random_state must be None, a whole number or a generator, not {state!r}")


def as_windows(
    x: Array, image_shape: tuple[int, int] | None, channels_first: bool | None = None
) -> Array:
    """X as windows (n, length, channels). Raises DataError."""
    if x.ndim > 4 or not x[0].size:
        raise DataError(f"X of shape {x.shape} holds no windows, features or images")
    if channels_first and x.ndim > 2 and not (image_shape and x.ndim == 3):
        x = np.moveaxis(x, 1, -1)
    if image_shape is not None:
        return _as_images(x, image_shape)
    if x.ndim == 4:
        raise DataError(
            f"X of shape {x.shape} holds images: give image_shape={x.shape[1:3]}, height and width"
        )
    if x.ndim == 2:
        if x.shape[1] <= MAX_CHANNELS:
            return x[:, None, :]
        _warn_of_ranges(x)
        return x[:, :, None]
    if channels_first is None and x.shape[1] < x.shape[2]:
        raise DataError(
            f"X of shape {x.shape} has more channels than samples, if it is (n, length, channels):"
            " give channels_first=True if it is (n, channels, length), channels_first=False if it "
            f"is right, or image_shape={x.shape[1:]} if it holds images"
        )
    if x.shape[2] > MAX_CHANNELS:
        raise DataError(f"X of shape {x.shape} has more than {MAX_CHANNELS} channels")
    return np.ascontiguousarray(x)


def _warn_of_ranges(x: Array) -> None:
    """Many columns share one scale of int16: some may lose all of their steps."""
    spread = x.std(axis=0, dtype=np.float64)
    changing = spread[spread > 0]
    if len(changing) and changing.max() > MOST_RATIO * changing.min():
        warnings.warn(
            f"X has {x.shape[1]} columns, which become one channel with one scale, but the widest "
            f"varies {changing.max() / changing.min():,.0f} times as much as the narrowest: bring "
            "them to alike ranges first (MaxAbsScaler), or give X as (n, length, channels) with at "
            f"most {MAX_CHANNELS} channels, where each channel has a scale of its own",
            UserWarning,
            stacklevel=4,
        )


def _as_images(x: Array, image_shape: tuple[int, int]) -> Array:
    try:
        height, width = (int(side) for side in image_shape)
    except (TypeError, ValueError):
        raise DataError(f"image_shape must be (height, width), not {image_shape!r}") from None
    pixels = height * width
    # Pixels lie in a row, or in rows and columns as image_shape says.
    fits = x.ndim == 2 or x.shape[1] == pixels or x.shape[1:3] == (height, width)
    if min(height, width) < 1 or x[0].size % pixels or not fits:
        raise DataError(f"X of shape {x.shape} holds no images of {image_shape}: (height, width)")
    if x[0].size // pixels > MAX_CHANNELS:
        raise DataError(f"X of shape {x.shape} has more than {MAX_CHANNELS} channels")
    return np.ascontiguousarray(x).reshape(len(x), pixels, -1)


def as_window(counts: Int16, units: npt.NDArray[np.float64], names: Sequence[str]) -> Window:
    """What the model file says of windows (n, length, channels); names: the columns, if known."""
    length, channels = counts.shape[1:]
    titles = [f"feature {i}" if length == 1 else f"channel {i}" for i in range(channels)]
    if len(names) == channels:
        fit = [fitting(normalized(str(n)), MAX_STRING, "") for n in names]
        titles = [name or title for name, title in zip(fit, titles, strict=True)]
    return Window(tuple(titles), length, length, 0, as_scales(units))


def as_scales(units: npt.NDArray[np.float64]) -> tuple[int, ...]:
    """Units per count as the model file's scales: 0 for counts, or if the field is too small."""
    nano = np.rint(1e9 * units)
    known = (units != 1) & (nano >= LEAST_SCALE) & (nano < 2**32)
    return tuple(int(n) for n in np.where(known, nano, 0))


def refuse(others: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Refuse what fit has no use for. Raises DataError with the remedy."""
    for name, value in others.items():
        if name == "sample_weight" and value is None:
            continue
        remedy = "leave it out"
        if name == "sample_weight":
            remedy = (
                "weigh classes by class_weight, or repeat rows (numpy.repeat(X, times, axis=0))"
            )
        elif name in params:
            remedy = f"give it to the constructor, XnorClassifier({name}=...)"
        raise DataError(f"fit takes no {name}: {remedy}")


def as_labels(classes: Array) -> tuple[str, ...]:
    """The names of classes: their text where a model file can hold it, else their number."""
    texts = [str(value) for value in classes]
    names = [t if is_name(t) else f"class {i}" for i, t in enumerate(texts)]
    # A class that is called "class 1" keeps its name.
    twice = {n for n in names if names.count(n) > 1}
    made = [n in twice and n != t for n, t in zip(names, texts, strict=True)]
    return tuple(
        f"class no. {i}" if m else n for i, (m, n) in enumerate(zip(made, names, strict=True))
    )
