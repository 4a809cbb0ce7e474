"""Hidden layers as short text: `conv 32x5/2 pool 2, dense 64`, and back.

64                    a dense layer of 64 neurons, as `dense 64`
conv 32x5             32 filters, kernel 5 over a window, 5 x 5 over an image
conv 32x5x3           kernel 5 x 3 (height x width)
conv 32x5/2 pool 2    stride 2, then a max-pool of 2
pad 1, groups 4       more of a convolution's settings
int8                  the layer's activation is int8, not binary
global average pooling    alone and last: the scores see each channel's mean over all positions
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from xnornode._typing import Activation, Shape
from xnornode.errors import DataError


@dataclass(frozen=True)
class Dense:
    """A fully connected layer.

    Parameters
    ----------
    outputs : int
        Neurons, at least 1.
    activation : {"binary", "int8"}, default "binary"
        What the layer gives: one bit, -1 or +1, or one byte, 0 to 127.

    Raises
    ------
    DataError
        There are no outputs.

    Examples
    --------
    >>> from xnornode import Dense, TrainConfig
    >>> TrainConfig(layers=(Dense(64), Dense(32, activation="int8"))).layers[0]
    Dense(outputs=64, activation='binary')
    """

    outputs: int
    activation: Activation = "binary"

    def __post_init__(self) -> None:
        if self.outputs < 1:
            raise DataError(f"a layer's width must be at least 1, not {self.outputs}")


@dataclass(frozen=True)
class Conv:
    """A convolution, then a max-pool.

    Pairs are height, then width. A window of samples has the height `length` and the width 1, so
    there the second number of kernel, stride and pool is 1.

    Parameters
    ----------
    outputs : int
        Filters, which are the output's channels.
    kernel : tuple of int, default (3, 3)
        Size of the patch that a filter sees.
    stride : tuple of int, default (1, 1)
        Inputs from one patch to the next.
    padding : tuple of int, default (0, 0)
        Rows and columns that are added on each side, fewer than the kernel has.
    pool : tuple of int, default (1, 1)
        Output positions whose maximum is taken. (1, 1): no pool.
    groups : int, default 1
        Divides the input's channels and the outputs. A filter sees one group of channels.
    activation : {"binary", "int8"}, default "binary"
        What the layer gives: one bit, -1 or +1, or one byte, 0 to 127.

    Examples
    --------
    >>> from xnornode import Conv, Dense, TrainConfig
    >>> config = TrainConfig(layers=(Conv(16, (5, 1), stride=(2, 1), pool=(2, 1)), Dense(32)))
    >>> config.layers[0].kernel
    (5, 1)
    """

    outputs: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    groups: int = 1
    activation: Activation = "binary"

    def check(self, input_shape: Shape) -> None:
        """Check that the layer fits an input.

        Parameters
        ----------
        input_shape : tuple of int
            (height, width, channels).

        Raises
        ------
        DataError
            It does not fit.
        """
        if self.outputs < 1 or min(*self.kernel, *self.stride, *self.pool, self.groups) < 1:
            raise DataError("a convolution's outputs, kernel, stride, pool, groups must be above 0")
        for size, k, s, p, q in zip(
            input_shape, self.kernel, self.stride, self.padding, self.pool, strict=False
        ):
            if k > size + 2 * p or (size + 2 * p - k) // s + 1 < q:
                raise DataError(
                    f"a convolution of kernel {self.kernel}, stride {self.stride}, padding "
                    f"{self.padding} and pool {self.pool} does not fit an input of "
                    f"{input_shape[0]} x {input_shape[1]}"
                )
            if not 0 <= p < k:
                raise DataError(f"padding {p} must be at least 0 and below the kernel's {k}")
        if input_shape[2] % self.groups or self.outputs % self.groups:
            raise DataError(
                f"{self.groups} groups must divide {input_shape[2]} channels and "
                f"{self.outputs} outputs"
            )


Spec = Dense | Conv


KERNEL = re.compile(r"(\d+)x(\d+(?:x\d+)?)(?:/(\d+(?:x\d+)?))?")
POOLING = "global average pooling"
SETTINGS = {"pool": "pool", "pad": "padding", "stride": "stride"}


def parse_layers(text: str, image: bool = False) -> tuple[tuple[Spec, ...], bool]:
    """The hidden layers, and whether there is global average pooling before the scores.

    image: one number means both height and width; else the height alone, which is time. Raises
    DataError for text that says no layer.
    """
    specs: list[Spec] = []
    new = new_words(text)
    if new != text:
        warnings.warn(f"layers are now written {new!r}, not {text!r}", FutureWarning, stacklevel=2)
    parts = [part.split() for part in new.lower().split(",") if part.strip()]
    pooling = bool(parts) and parts[-1] == POOLING.split()
    for words in parts[:-1] if pooling else parts:
        try:
            specs.append(_layer(words, image))
        except (ValueError, IndexError) as error:
            raise DataError(
                f"{' '.join(words)!r} is no layer: write for example 'conv 32x5/2 pool 2, dense 64'"
            ) from error
    return tuple(specs), pooling


def new_words(text: str) -> str:
    """The text with the words of version 0.1 replaced; to be taken out in 0.3."""
    for old, new in (("bytes", "int8"), ("mean", POOLING)):
        text = re.sub(rf"\b{old}\b", new, text, flags=re.IGNORECASE)
    return text


def _layer(words: list[str], image: bool) -> Spec:
    kind, rest = ("dense", words) if words[0].isdigit() else (words[0], words[1:])
    given = {"activation": "int8"} if rest[-1] == "int8" else {}
    rest = rest[:-1] if given else rest
    if kind == "dense" and len(rest) == 1:
        return Dense(int(rest[0]), **given)  # type: ignore[arg-type]
    found = KERNEL.fullmatch(rest[0])
    if kind != "conv" or not found or len(rest) % 2 == 0:
        raise ValueError
    options: dict[str, object] = {"kernel": _pair(found[2], image)}
    if found[3]:
        options["stride"] = _pair(found[3], image)
    for name, value in zip(rest[1::2], rest[2::2], strict=True):
        if name == "groups":
            options["groups"] = int(value)
        elif name in SETTINGS:
            options[SETTINGS[name]] = _pair(value, image, 0 if name == "pad" else 1)
        else:
            raise ValueError
    return Conv(int(found[1]), **options, **given)  # type: ignore[arg-type]


def _pair(text: str, image: bool, other: int = 1) -> tuple[int, int]:
    first, _, second = text.partition("x")
    return int(first), int(second) if second else int(first) if image else other


def format_layers(specs: Sequence[Spec], pooling: bool = False) -> str:
    """The short text of hidden layers; kernels always with height and width."""
    return ", ".join([*map(_format, specs), *([POOLING] if pooling else [])])


def _format(spec: Spec) -> str:
    tail = " int8" if spec.activation == "int8" else ""
    if isinstance(spec, Dense):
        return f"dense {spec.outputs}{tail}"
    text = f"conv {spec.outputs}x{_cross(spec.kernel)}"
    if spec.stride != (1, 1):
        text += f"/{_cross(spec.stride)}"
    if spec.padding != (0, 0):
        text += f" pad {_cross(spec.padding)}"
    if spec.pool != (1, 1):
        text += f" pool {_cross(spec.pool)}"
    if spec.groups != 1:
        text += f" groups {spec.groups}"
    return text + tail


def _cross(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"
