"""Text: the C core against the Python reference, and both against their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import core, sanitized
from tests.lab.feature_nets import CLASSES, TEXT_FEATURES, TEXTS, text_model
from xnornode.errors import DataError
from xnornode.model.file_format import to_bytes
from xnornode.model.ngrams import NGrams

pytestmark = pytest.mark.quick


def check_texts(features, texts):
    model = text_model(features)
    answer = core().classify(to_bytes(model), texts, CLASSES)
    assert answer.reason == "ok" and answer.selftest
    assert (answer.scores != model.scores(texts)).sum() == 0


@pytest.mark.parametrize("features", TEXT_FEATURES, ids=str)
def test_bits_of_texts(features):
    check_texts(features, TEXTS)


@pytest.mark.seconds
@settings(max_examples=100, derandomize=True)
@given(data=st.data())
def test_bits_of_any_text(data):
    shortest = data.draw(st.integers(1, 8))
    longest, length = data.draw(st.integers(shortest, 8)), data.draw(st.integers(1, 60))
    unit = data.draw(st.sampled_from(["characters", "words"]))
    features = NGrams(unit, shortest, longest, data.draw(st.integers(1, 65534)), length)
    few = st.lists(st.sampled_from(b"aB ,\n\xc3"), max_size=70).map(bytes)
    check_texts(features, data.draw(st.lists(st.one_of(st.binary(max_size=70), few), min_size=1)))


@pytest.mark.seconds
def test_texts_under_sanitizers():
    models = [text_model(features) for features in TEXT_FEATURES]
    jobs = [(to_bytes(m), TEXTS, CLASSES) for m in models]
    for model, answer in zip(models, sanitized(jobs), strict=True):
        assert answer.reason == "ok" and answer.selftest
        assert (answer.scores == model.scores(TEXTS)).all()


def buckets_by_definition(features, text):
    """The bits that are 1, n-gram by n-gram, by the words of FORMAT.md."""
    clean = ""
    for byte in text[: features.length]:
        ch = chr(byte)
        kept = byte > 0x20 and byte != 0x7F
        if features.unit == "words" and byte < 0x80:
            kept = ch.isalnum()
        clean += (ch.lower() if byte < 0x80 else ch) if kept else " "
    joined = " ".join(clean.split(" "))
    while "  " in joined:
        joined = joined.replace("  ", " ")
    joined = f" {joined.strip(' ')} " if joined.strip(" ") else " "
    units = list(joined) if features.unit == "characters" else joined.split()
    if features.unit == "words":
        units = [word for word in joined.split(" ") if word]
    between = "" if features.unit == "characters" else " "
    buckets = set()
    for n in range(features.shortest, features.longest + 1):
        for i in range(len(units) - n + 1):
            h = 0x811C9DC5
            for byte in between.join(units[i : i + n]).encode("latin-1"):
                h = (h ^ byte) * 0x01000193 % 2**32
            h = (h ^ h >> 16) * 0x85EBCA6B % 2**32
            h = (h ^ h >> 13) * 0xC2B2AE35 % 2**32
            buckets.add((h ^ h >> 16) * features.buckets >> 32)
    return buckets


@pytest.mark.parametrize("features", TEXT_FEATURES, ids=str)
def test_the_text_reference_is_the_specification(features):
    for text, bits in zip(TEXTS, features.values(TEXTS), strict=True):
        assert {*np.flatnonzero(bits == 1)} == buckets_by_definition(features, text)


def test_what_texts_have_in_common():
    features = NGrams("words", 1, 1, 65534, 100)
    same = features.values([b"Hello, world", b"hello   WORLD!", b"world... hello\n"])
    assert (same[0] == same[1]).all() and (same[0] == same[2]).all()
    assert (same[0] == 1).sum() == 2
    pairs = NGrams("words", 2, 2, 65534, 100).values([b"hello world", b"world hello", b"hello"])
    assert (pairs[0] != pairs[1]).any() and (pairs[2] == -1).all()


def test_buckets_are_evenly_filled():
    words = [f"word{i}".encode() for i in range(5000)]
    features = NGrams("words", 1, 1, 100, 100)
    filled = np.bincount([features.buckets_of(word)[0] for word in words], minlength=100)
    # Of 50 to a bucket, with a deviation of 7.
    assert filled.min() > 22 and filled.max() < 85


def test_texts_must_be_bytes():
    with pytest.raises(DataError, match=r'text\.encode\("utf-8"\)'):
        TEXT_FEATURES[0].values(["a str"])
