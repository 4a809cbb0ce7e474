"""A stack of layers from binary or int8 inputs to the classes' logits, in float32."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xnornode._typing import Activation, Float, Shape
from xnornode.errors import ModelError
from xnornode.model.geometry import Geometry
from xnornode.model.limits import MAX_LAYERS
from xnornode.nn.activations import Int8ReLU, ReLU, Sign
from xnornode.nn.conv import BinaryConv
from xnornode.nn.layer_spec import Conv, Spec
from xnornode.nn.layers import BatchNorm, BinaryDense, GlobalAveragePooling, Layer, Parameter
from xnornode.nn.quantizers import WeightBinarizer
from xnornode.nn.thermometer import INT8_STEPS, LearnedThermometer


@dataclass(frozen=True)
class Block:
    """One layer as it is folded.

    Parameters
    ----------
    linear : BinaryDense or BinaryConv
        The sums of weight times input.
    norm : BatchNorm
        What comes after it.
    input_shape : tuple of int
        (height, width, channels).
    inputs : {"binary", "int8"}
        What the layer is given.
    output : {"binary", "int8", "scores"}
        What the layer gives.
    unit : float
        One step of an integer input in float arithmetic, divided by the positions of global average
        pooling.
    """

    linear: BinaryDense | BinaryConv
    norm: BatchNorm
    input_shape: Shape
    inputs: Activation
    output: Literal["binary", "int8", "scores"]
    unit: float

    def check(self) -> None:
        """Raise ModelError for shapes that the format does not allow."""
        m, c = len(self.linear.weights.value), self.linear
        if isinstance(c, BinaryConv):
            Geometry(m, self.input_shape, c.kernel, c.groups, c.stride, c.padding, c.pool)
        else:
            Geometry(m, self.input_shape, (1, 1), scores=self.output == "scores")


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is made of.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels).
    layers : sequence of Dense or Conv
        The hidden layers.
    classes : int
        Logits.
    inputs : {"binary", "int8"}, default "binary"
        -1 and +1, or whole numbers from -128 to 127 divided by 128.
    global_average_pooling : bool, default False
        The logits see each channel's mean over height and width.
    ste : str, default "clipped"
        The gradient that stands in for sign's, one of `STES`.
    weights, standardize, real_until
        See `WeightBinarizer`. Weights "real" give a float network, with ReLU.
    """

    input_shape: Shape
    layers: Sequence[Spec]
    classes: int
    inputs: Activation = "binary"
    global_average_pooling: bool = False
    ste: str = "clipped"
    weights: str = "sign"
    standardize: bool = False
    real_until: float = 0.0


class Network:
    """(linear layer, batch norm, sign) for each layer, then (dense, batch norm) for the logits.

    Parameters
    ----------
    spec : NetworkSpec
        What it is made of.
    rng : Generator
        Draws the first weights.
    before : LearnedThermometer, optional
        Makes the binary inputs from values. The spec's input shape is that of its outputs.

    Raises
    ------
    DataError
        A layer does not fit the shape before it.
    ModelError
        The format does not allow such a network.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        rng: np.random.Generator,
        before: LearnedThermometer | None = None,
    ) -> None:
        self.spec, self.before = spec, before
        self.layers: list[Layer] = [before] if before else []
        self.blocks: list[Block] = []
        self.binarizers: list[WeightBinarizer] = []
        shape, kind = spec.input_shape, spec.inputs
        unit = 1.0 if kind == "binary" else 1 / INT8_STEPS
        for layer in spec.layers:
            shape = self._add_hidden(layer, shape, kind, unit, rng)
            kind, unit = layer.activation, 1.0
            if kind == "int8":
                unit = 1 / Int8ReLU.STEPS
        self._add_scores(shape, kind, unit, rng)
        if spec.weights != "real":  # said before a long training, not after it
            if len(self.blocks) > MAX_LAYERS:
                raise ModelError("header", f"{len(self.blocks)} layers: at most {MAX_LAYERS}")
            for block in self.blocks:
                block.check()

    def _add_hidden(
        self, layer: Spec, shape: Shape, kind: Activation, unit: float, rng: np.random.Generator
    ) -> Shape:
        """Add a hidden layer behind an output of `shape`; the shape of its own output."""
        binarizer = self._binarizer()
        linear: BinaryDense | BinaryConv
        first = not self.layers  # of a network's input nobody needs the gradient
        if isinstance(layer, Conv):
            layer.check(shape)
            linear = BinaryConv(shape, layer, rng, -1 if kind == "binary" else 0, first, binarizer)
            seen, output = shape, linear.output_shape
        else:
            seen, output = (1, 1, int(np.prod(shape))), (1, 1, layer.outputs)
            linear = BinaryDense(seen[2], layer.outputs, rng, first, binarizer)
        pooled = isinstance(layer, Conv) and layer.pool != (1, 1)
        norm = BatchNorm(layer.outputs, rising=pooled)
        activation: Layer = Sign(self.spec.ste)
        if self.spec.weights == "real":
            activation = ReLU()
        elif layer.activation == "int8":
            activation = Int8ReLU()
        self.blocks.append(Block(linear, norm, seen, kind, layer.activation, unit))
        self.layers += [linear, norm, activation]
        return output

    def _add_scores(
        self, shape: Shape, kind: Activation, unit: float, rng: np.random.Generator
    ) -> None:
        """Add what gives the logits."""
        first = not self.layers
        if self.spec.global_average_pooling and shape[:2] != (1, 1):
            self.layers.append(GlobalAveragePooling())
            unit /= shape[0] * shape[1]
        else:
            shape = (1, 1, int(np.prod(shape)))
        head = BinaryDense(shape[2], self.spec.classes, rng, first, self._binarizer())
        norm = BatchNorm(self.spec.classes)
        self.blocks.append(Block(head, norm, shape, kind, "scores", unit))
        self.layers += [head, norm]

    def _binarizer(self) -> WeightBinarizer:
        s = self.spec
        self.binarizers.append(WeightBinarizer(s.weights, s.standardize, s.real_until))
        return self.binarizers[-1]

    def advance(self, done: float) -> None:
        """Say what share of training is over, for binarizers that harden with it."""
        for binarizer in self.binarizers:
            binarizer.done = done

    def forward(self, x: Float, training: bool) -> Float:
        """Logits (n, classes) of inputs, float32 (n, width)."""
        x = x.reshape(len(x), *self.spec.input_shape) if self.before is None else x
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: Float) -> None:
        """Fill the parameters' gradients, from the loss's by the logits of the last forward."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def decisions(self, x: Float) -> Iterator[Float]:
        """Per hidden layer its outputs, float32 (n, ...), then the logits."""
        x = x.reshape(len(x), *self.spec.input_shape) if self.before is None else x
        for layer in self.layers:
            x = layer.forward(x, training=False)
            if isinstance(layer, Sign | Int8ReLU):
                yield x
        yield x

    def ones(self, x: Float) -> tuple[Float, ...]:
        """Per linear layer the share of 1s among its binary inputs: float32 (channels,)."""
        x = x.reshape(len(x), *self.spec.input_shape) if self.before is None else x
        shares = []
        for layer in self.layers:
            if isinstance(layer, BinaryConv | BinaryDense):
                # Of -1 and +1, or of their global average.
                shares.append((x.reshape(-1, x.shape[-1]).mean(axis=0) + 1) / 2)
            x = layer.forward(x, training=False)
        return tuple(shares)

    def parameters(self) -> list[Parameter]:
        return [p for layer in self.layers for p in layer.parameters()]

    def state(self) -> list[Float]:
        """The arrays that make up the trained network, to copy from and into."""
        statistics = [a for block in self.blocks for a in (block.norm.mean, block.norm.var)]
        return [p.value for p in self.parameters()] + statistics
