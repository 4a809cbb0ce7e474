"""The sections of statistics and n-grams in a file, in both loaders."""

import struct

import numpy as np
import pytest

from tests.lab.core import core
from tests.lab.feature_nets import (
    CLASSES,
    EVERYTHING,
    LINES,
    TEXT_FEATURES,
    awkward_windows,
    features_model,
    text_model,
)
from tests.lab.nets import sealed
from xnornode.errors import ModelError
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import COVARIANCE, LAGGED, Statistics

pytestmark = pytest.mark.quick


def section(features, channels):
    """A file with these features, and where their section starts."""
    if isinstance(features, NGrams):
        return to_bytes(text_model(features)), 32 + 4
    model = features_model(features, 20, channels, np.zeros(features.count(20, channels)))
    return to_bytes(model), 32 + 4 * channels


@pytest.mark.parametrize(
    "features",
    [
        *TEXT_FEATURES,
        EVERYTHING,
        Statistics(),
        Statistics(("mean",), 3, 2, ("deviation",)),
        Statistics((COVARIANCE,)),
        Statistics((LAGGED,), lag=19),
        Statistics((), 0, 2, ("asymmetry",), 1),
    ],
    ids=str,
)
def test_features_come_back_from_their_file(features):
    assert from_bytes(section(features, 2)[0]).features == features


REFUSED = [
    (Statistics(), 1, struct.pack("<2I4B", 1 << 17, 0, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1 << 31, 0, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1 << 15, 0, 2, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1 << 16, 0, 2, 1, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 0, 0, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1 << 15, 0, 0, 0, 0, 0)),  # no pair in one channel
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 4, 0, 0, 0)),  # 30 samples, of 20
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 15, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 255, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 0, 2, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1, 0, 1, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1, 0, 17, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 0, 0, 1, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1 << 14, 0, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1 << 16, 0, 0, 0, 0, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1 << 16, 0, 0, 0, 20, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 1 << 14, 0, 2, 20, 0)),
    (Statistics(), 1, struct.pack("<2I4B", 1, 0, 0, 0, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 0, 1, 1, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 3, 1, 1, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 0, 1, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 2, 1, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 1, 9, 0, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 1, 1, 1, 1)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 1, 1, 0, 0)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 1, 1, 0, 65535)),
    (TEXT_FEATURES[0], 1, struct.pack("<4BI", 1, 1, 1, 0, 2**32 - 1)),
]


@pytest.mark.parametrize(("features", "channels", "fields"), REFUSED)
def test_a_section_that_is_not_allowed_is_refused(features, channels, fields):
    data, at = section(features, channels)
    bad = sealed(data[:at] + fields + data[at + len(fields) :])
    with pytest.raises(ModelError) as refused:
        from_bytes(bad)
    assert refused.value.reason == core().classify(bad).reason == "encoder"


def test_a_section_that_is_cut_short_is_refused():
    for features in (Statistics(), TEXT_FEATURES[0]):
        data, at = section(features, 1)
        for size in range(48, at + 12):
            bad = sealed(data[:size] + data[-4:]) if size % 4 == 0 else data[:0]
            if not bad or size + 4 < 48:
                continue
            with pytest.raises(ModelError) as refused:
                from_bytes(bad)
            assert refused.value.reason == core().classify(bad).reason


def test_no_bit_of_a_section_is_misread():
    """Each bit of both sections turned: both loaders say the same, and agree on the scores."""
    window = awkward_windows(20, 2)[-1:]
    for features, inputs in (
        (Statistics(("mean",), 1, 2, ("rises",)), window),
        (TEXT_FEATURES[3], LINES),
    ):
        data, at = section(features, 2)
        for bit in range(96 if inputs is window else 64):
            flipped = bytearray(data)
            flipped[at + bit // 8] ^= 1 << bit % 8
            bad = sealed(bytes(flipped))
            answer = core().classify(bad, inputs, CLASSES)
            try:
                model = from_bytes(bad)
            except ModelError as error:
                assert answer.reason == error.reason
            else:
                # Other features with as many values: a valid file, but for its self-test.
                assert answer.reason == "ok"
                assert (answer.scores == model.scores(inputs)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Statistics(("no such",)),
        lambda: Statistics(part_statistics=(COVARIANCE,), parts=2),
        lambda: Statistics(bands=15),
        lambda: Statistics(bands=-1),
        lambda: Statistics(parts=2),
        lambda: Statistics(parts=1, part_statistics=("mean",)),
        lambda: Statistics(parts=17, part_statistics=("mean",)),
        lambda: Statistics(lag=1),
        lambda: Statistics(("asymmetry",)),
        lambda: Statistics((LAGGED,), lag=256),
        lambda: Statistics((LAGGED,), lag=20).count(20, 1),
        lambda: Statistics(()).count(20, 1),
        lambda: Statistics(bands=4).count(30, 1),
        lambda: Statistics(parts=3, part_statistics=("mean",)).count(2, 1),
        lambda: NGrams("letters", 1, 1, 1, 1),
        lambda: NGrams("words", 1, 9, 1, 1),
        lambda: NGrams("words", 2, 1, 1, 1),
        lambda: NGrams("words", 1, 1, 65535, 1),
        lambda: NGrams("words", 1, 1, 1, 65536),
    ],
)
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(ModelError) as refused:
        wrong()
    assert refused.value.reason == "encoder"
