"""The watch recordings of the people held out, and a model trained on the others."""

import functools

import numpy as np
from xnornode.data import cut_windows, split_groups
from xnornode.datasets import watch
from xnornode.model import Model
from xnornode.recipes import WATCH, build


@functools.cache
def watch_model() -> Model:
    """The model that `make demo` trains."""
    return build(watch(), WATCH).model


def watch_windows(hop: int, count: int | None = None) -> np.ndarray:
    """int16 (n, length, channels) of the people held out, `count` of them spread over all."""
    data = watch()
    _, test = split_groups(data.recordings, data.test_groups)
    recordings = test
    if count:
        length = watch_model().window.length
        per_recording = -(-count // len(test))
        samples = length + hop * (per_recording - 1)
        recordings = [type(r)(r.samples[:samples], r.label, r.group, r.name) for r in test]
    windows = cut_windows(recordings, data.labels, watch_model().window.length, hop)
    return windows.samples[:count]
