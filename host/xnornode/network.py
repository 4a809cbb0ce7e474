"""A stack of layers between the encoder's bits and the classes' logits, in float32."""

from collections.abc import Iterator, Sequence

import numpy as np

from xnornode.binarize import Float
from xnornode.layers import BatchNorm, BinaryDense, Layer, Parameter, Sign


class Network:
    """Dense layers of sign neurons: (dense, batch norm, sign) for each of `hidden`, then (dense,
    batch norm), whose outputs are the logits.

    inputs: width of the input, values -1 and +1. estimator: a name of `binarize.ESTIMATORS`.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        classes: int,
        estimator: str,
        rng: np.random.Generator,
    ) -> None:
        self.layers: list[Layer] = []
        width = inputs
        for outputs in hidden:
            dense = BinaryDense(width, outputs, rng, first=not self.layers)
            self.layers += [dense, BatchNorm(outputs), Sign(estimator)]
            width = outputs
        self.layers += [BinaryDense(width, classes, rng, not self.layers), BatchNorm(classes)]

    def forward(self, x: Float, training: bool) -> Float:
        """Logits (n, classes) of inputs -1 and +1, float32 (n, inputs)."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: Float) -> None:
        """Fill the parameters' gradients, from the loss's by the logits of the last forward."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def decisions(self, x: Float) -> Iterator[Float]:
        """Per sign layer its outputs -1 and +1, float32 (n, width), then the logits."""
        for layer in self.layers:
            x = layer.forward(x, training=False)
            if isinstance(layer, Sign):
                yield x
        yield x

    def parameters(self) -> list[Parameter]:
        return [p for layer in self.layers for p in layer.parameters()]

    def blocks(self) -> list[tuple[BinaryDense, BatchNorm]]:
        """Each dense layer with the batch norm after it, in order."""
        dense = [layer for layer in self.layers if isinstance(layer, BinaryDense)]
        norms = [layer for layer in self.layers if isinstance(layer, BatchNorm)]
        return list(zip(dense, norms, strict=True))

    def state(self) -> list[Float]:
        """The arrays that make up the trained network, to copy from and into."""
        statistics = [a for _, norm in self.blocks() for a in (norm.mean, norm.var)]
        return [p.value for p in self.parameters()] + statistics
