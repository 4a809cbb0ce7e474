"""A stack of layers between the code's bits or bytes and the classes' logits, in float32."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xnornode._typing import Activation, Float, Shape
from xnornode.errors import ModelError
from xnornode.model.layers import Geometry
from xnornode.model.limits import MAX_LAYERS
from xnornode.nn.conv import BinaryConv
from xnornode.nn.layer_spec import Conv, Spec
from xnornode.nn.layers import BatchNorm, BinaryDense, Int8ReLU, Layer, Mean, Parameter, ReLU, Sign
from xnornode.nn.quantizers import WeightBinarizer
from xnornode.nn.thermometer import INT8_STEPS, LearnedThermometer


@dataclass(frozen=True)
class Block:
    """One layer as it is folded: a linear layer, its batch norm, what it looks at and gives.

    unit: what one step of an integer input is in float arithmetic; a mean over places is in it.
    """

    linear: BinaryDense | BinaryConv
    norm: BatchNorm
    input_shape: Shape
    inputs: Activation
    output: Literal["binary", "int8", "scores"]
    unit: float

    def check(self) -> None:
        """Raise ModelError for counts that the format does not allow."""
        m, c = len(self.linear.weights.value), self.linear
        if isinstance(c, BinaryConv):
            Geometry(m, self.input_shape, c.kernel, c.groups, c.stride, c.padding, c.pool)
        else:
            Geometry(m, self.input_shape, (1, 1), scores=self.output == "scores")


class Network:
    """(linear layer, batch norm, sign) for each spec, then (dense, batch norm) for the logits.

    grid: of the input, (height, width, channels). inputs: "bits" are -1 and +1, "bytes" whole
    numbers from -128 to 127, divided by 128. average: the logits see the mean over height and
    width. weights, standardize, real_until: see `binarize.WeightBinarizer`; "real" gives a float
    network, with ReLU. before: a layer that makes the bits from values; grid is that of its bits.
    Raises DataError for layers that do not fit, ModelError where the format does not allow them.
    """

    def __init__(
        self,
        input_shape: Shape,
        specs: Sequence[Spec],
        classes: int,
        rng: np.random.Generator,
        inputs: Activation = "binary",
        global_average_pooling: bool = False,
        ste: str = "clipped",
        weights: str = "sign",
        standardize: bool = False,
        real_until: float = 0.0,
        before: LearnedThermometer | None = None,
    ) -> None:
        self.layers: list[Layer] = [before] if before else []
        self.blocks: list[Block] = []
        self.binarizers: list[WeightBinarizer] = []
        self.input_shape, self.inputs, self.before = input_shape, inputs, before
        self._weights = (weights, standardize, real_until)
        kind, real = inputs, weights == "real"
        unit = 1.0 if kind == "binary" else 1 / INT8_STEPS
        for spec in specs:
            binarizer = self._binarizer()
            linear: BinaryDense | BinaryConv
            first = not self.layers  # of a network's input nobody needs the gradient
            if isinstance(spec, Conv):
                spec.check(input_shape)
                linear = BinaryConv(
                    input_shape,
                    spec.outputs,
                    spec.kernel,
                    rng,
                    spec.stride,
                    spec.padding,
                    spec.pool,
                    spec.groups,
                    -1 if kind == "binary" else 0,
                    first,
                    binarizer,
                )
                seen, input_shape = input_shape, linear.output_shape
            else:
                linear = BinaryDense(int(np.prod(input_shape)), spec.outputs, rng, first, binarizer)
                seen, input_shape = (1, 1, int(np.prod(input_shape))), (1, 1, spec.outputs)
            norm = BatchNorm(spec.outputs, rising=isinstance(spec, Conv) and spec.pool != (1, 1))
            activation: Layer = ReLU() if real else Sign(ste)
            if spec.activation == "int8" and not real:
                activation = Int8ReLU()
            self.blocks.append(Block(linear, norm, seen, kind, spec.activation, unit))
            self.layers += [linear, norm, activation]
            kind, unit = spec.activation, 1.0 if spec.activation == "binary" else 1 / Int8ReLU.STEPS
        first = not self.layers
        if global_average_pooling and input_shape[:2] != (1, 1):
            self.layers.append(Mean())
            unit /= input_shape[0] * input_shape[1]
        else:
            input_shape = (1, 1, int(np.prod(input_shape)))
        head = BinaryDense(input_shape[2], classes, rng, first, self._binarizer())
        norm = BatchNorm(classes)
        self.blocks.append(Block(head, norm, input_shape, kind, "scores", unit))
        self.layers += [head, norm]
        if not real:  # said before a long training, not after it
            if len(self.blocks) > MAX_LAYERS:
                raise ModelError("header", f"{len(self.blocks)} layers: at most {MAX_LAYERS}")
            for block in self.blocks:
                block.check()

    def _binarizer(self) -> WeightBinarizer:
        self.binarizers.append(WeightBinarizer(*self._weights))
        return self.binarizers[-1]

    def advance(self, done: float) -> None:
        """Say what share of training is over, for binarizers that harden with it."""
        for binarizer in self.binarizers:
            binarizer.done = done

    def forward(self, x: Float, training: bool) -> Float:
        """Logits (n, classes) of inputs, float32 (n, width)."""
        x = x.reshape(len(x), *self.input_shape) if self.before is None else x
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: Float) -> None:
        """Fill the parameters' gradients, from the loss's by the logits of the last forward."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def decisions(self, x: Float) -> Iterator[Float]:
        """Per hidden layer its outputs, float32 (n, ...), then the logits."""
        x = x.reshape(len(x), *self.input_shape) if self.before is None else x
        for layer in self.layers:
            x = layer.forward(x, training=False)
            if isinstance(layer, Sign | Int8ReLU):
                yield x
        yield x

    def ones(self, x: Float) -> tuple[Float, ...]:
        """Per linear layer the share of 1s among its inputs, bits: float32 (channels,)."""
        x = x.reshape(len(x), *self.input_shape) if self.before is None else x
        shares = []
        for layer in self.layers:
            if isinstance(layer, BinaryConv | BinaryDense):
                # Of -1 and +1, or of their mean over places.
                shares.append((x.reshape(-1, x.shape[-1]).mean(axis=0) + 1) / 2)
            x = layer.forward(x, training=False)
        return tuple(shares)

    def parameters(self) -> list[Parameter]:
        return [p for layer in self.layers for p in layer.parameters()]

    def state(self) -> list[Float]:
        """The arrays that make up the trained network, to copy from and into."""
        statistics = [a for block in self.blocks for a in (block.norm.mean, block.norm.var)]
        return [p.value for p in self.parameters()] + statistics
