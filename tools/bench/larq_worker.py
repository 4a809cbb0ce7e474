"""Train one of the compared networks with Larq, in the environment of larq_comparison.py.

Usage: larq_worker.py NETWORK DATA.npz EPOCHS BATCH. Data: x, y, test_x, test_y, pixels u8. Prints
one line of JSON: seconds and processor seconds of each epoch, accuracy on the test images.
"""

# mypy: ignore-errors
# Its packages are in that environment alone.
import json
import sys
import time

import larq
import numpy as np
import tensorflow as tf

keras = tf.keras
# As in Larq's documentation: binary weights clipped to [-1, 1], binary inputs, batch norm behind.
FIRST = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}
INNER = {"input_quantizer": "ste_sign", **FIRST}


def normalize() -> keras.layers.Layer:
    return keras.layers.BatchNormalization(scale=False)


def dense() -> list[keras.layers.Layer]:
    """256-256, all binary: the input too."""
    layers = [keras.layers.Flatten()]
    for width in (256, 256, 10):
        layers += [larq.layers.QuantDense(width, **INNER), normalize()]
    return layers


def tutorial() -> list[keras.layers.Layer]:
    """The network of Larq's tutorial "Introduction to BNNs", with real inputs."""
    pool = keras.layers.MaxPooling2D
    return [
        *(larq.layers.QuantConv2D(32, (3, 3), **FIRST), pool((2, 2)), normalize()),
        *(larq.layers.QuantConv2D(64, (3, 3), **INNER), pool((2, 2)), normalize()),
        *(larq.layers.QuantConv2D(64, (3, 3), **INNER), normalize(), keras.layers.Flatten()),
        *(larq.layers.QuantDense(64, **INNER), normalize()),
        *(larq.layers.QuantDense(10, **INNER), normalize()),
    ]


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch, by the clock and of the processor."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.cpu: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.start = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self.start[0])
        self.cpu.append(time.process_time() - self.start[1])


def main() -> None:
    network, path, epochs, batch = sys.argv[1:]
    with np.load(path) as data:
        x, test_x = (
            data[k].reshape(-1, 28, 28, 1) / np.float32(127.5) - 1 for k in ("x", "test_x")
        )
        y, test_y = data["y"], data["test_y"]
    layers = {"dense": dense, "tutorial": tutorial}[network]()
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers, keras.layers.Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    model.fit(x, y, batch_size=int(batch), epochs=int(epochs), verbose=0, callbacks=[clock])
    _, accuracy = model.evaluate(test_x, test_y, batch_size=1000, verbose=0)
    print(json.dumps({"seconds": clock.seconds, "cpu": clock.cpu, "accuracy": accuracy}))


main()
