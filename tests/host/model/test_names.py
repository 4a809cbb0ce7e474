"""Text in a model file: what Python takes is what the C loader takes, and names in one spelling."""

import struct
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.core import core, sanitized
from tests.lab.nets import random_model, sealed
from xnornode.errors import ModelError
from xnornode.model.file_format import from_bytes, to_bytes
from xnornode.model.names import character_fault, fitting, is_name, is_utf8, name_fault, normalized

quick = pytest.mark.quick

REFUSED = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
    *range(0xFDD0, 0xFDF0),
    *(plane << 16 | end for plane in range(17) for end in (0xFFFE, 0xFFFF)),
]
"""FORMAT.md's table."""


@cache
def up_to_channels() -> bytes:
    """The bytes of a model with one channel, up to its name."""
    model = random_model(0, 2, 1, 1, (1,))
    texts = [text.encode() for text in (model.name, *model.labels)]
    strings = b"".join(bytes([len(text)]) + text for text in texts)
    data = to_bytes(replace(model, notes=""))
    return data[: data.rindex(strings) + len(strings)]


def file_with(channel: bytes = b"x", notes: bytes = b"") -> bytes:
    """A model file with these texts, whatever they are."""
    body = up_to_channels() + bytes([len(channel)]) + channel
    body += struct.pack("<H", len(notes)) + notes
    return sealed(body + bytes(-len(body) % 4) + bytes(4))


def reason(data: bytes) -> str:
    try:
        from_bytes(data)
    except ModelError as error:
        return error.reason
    return "ok"


def is_taken(channel: bytes = b"x", notes: bytes = b"") -> bool:
    """Whether a file with these texts is taken. Both loaders say the same."""
    data = file_with(channel, notes)
    said = reason(data)
    assert core().classify(data).reason == said and said in ("ok", "strings")
    return said == "ok"


@quick
def test_each_character_is_taken_or_refused_as_the_format_says():
    assert not [
        code for code in REFUSED if is_taken(notes=chr(code).encode("utf-8", "surrogatepass"))
    ]
    refused = set(REFUSED)
    taken = [chr(code).encode() for code in range(0x110000) if code not in refused]
    for start in range(0, len(taken), 1000):
        assert is_taken(notes=b"".join(taken[start : start + 1000]))


def test_bytes_that_are_no_utf8_are_refused():
    """Each lead byte, before each number of continuation bytes from their bounds."""
    bounds = (0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)
    for lead, first, more in product(range(0x80, 0x100), bounds, range(7)):
        for text in {bytes([lead]), bytes([lead, first]) + more * b"\x80"}:
            try:
                good = not set(map(ord, text.decode())) & set(REFUSED[:66])
                good = good and is_name(text.decode())
            except UnicodeDecodeError:
                good = False
            assert is_taken(channel=text) == good, text
            assert is_taken(channel=b"a" + text + b"b") == good, text


@quick
def test_bits_of_long_sequences_are_not_lost():
    """Six bytes and more have more bits than a word: what is left may look like a letter."""
    for lead, more in ((0xFC, 5), (0xFD, 5), (0xFE, 6), (0xFF, 7)):
        for last in range(0x80, 0xC0):
            ends = bytes([0x80] * (more - 2) + [0x80 | 1, last])
            assert not is_taken(channel=bytes([lead]) + ends)


@quick
@pytest.mark.parametrize("start", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"])
def test_a_character_does_not_go_on_in_the_next_string(start):
    for size in range(0x80, 0xC0):  # the length's low byte looks like a continuation byte
        assert not is_taken(channel=start, notes=size * b"n")
        assert is_taken(channel=b"c", notes=size * b"n")


@quick
@settings(max_examples=300, derandomize=True)
@given(st.binary(min_size=1, max_size=63) | st.text(max_size=15).map(lambda t: t.encode()))
def test_any_bytes_are_taken_alike(text):
    if text:
        is_taken(channel=text)
    is_taken(notes=text)


def test_cut_text_reads_nothing_beyond_the_file():
    files = [file_with(notes=size * b"n" + cut) for size in range(4) for cut in
             (b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff", b"\xf7\xbf\xbf")]  # fmt: skip
    answers = sanitized([(data, (), 255) for data in files])
    assert [answer.reason for answer in answers] == ["strings"] * len(files)


NAMES = [
    "temp (°C)",
    "läufen",
    "Übung",
    "走る",
    "हिन्दी",
    "قف",
    "👩\u200d🔬",
    "10\xa0kg",
    31 * "ö" + "x",
]


@quick
@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_language_come_back(name):
    model = random_model(0, 2, 1, 1, (1,))
    window = replace(model.window, channels=(name,))
    model = replace(model, name=name, labels=(name,), window=window, notes=name)
    data = to_bytes(model)
    again = from_bytes(data)
    assert (again.name, again.labels, again.notes) == (name, (name,), name)
    assert again.window.channels == (name,) and core().classify(data).reason == "ok"


@quick
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "rename it; names are 1 to 63 bytes in UTF-8, and this one has 0"),
        (32 * "ö", "1 to 63 bytes in UTF-8, and this one has 64"),
        (64 * "x", "this one has 64"),
        ("a\tb", r"U\+0009 is not allowed"),
        ("a\x1b[2J", r"U\+001B"),
        ("\x9b2J", r"U\+009B"),
        ("a\u202eb", r"U\+202E"),
        ("a\u2066b", r"U\+2066"),
        ("a\u2028b", r"U\+2028"),
        ("\ud800", r"U\+D800"),
        ("\uffff", r"U\+FFFF"),
    ],
)
def test_what_is_no_name_is_refused_with_what_to_do(name, says):
    model = random_model(0, 2, 1, 1, (1,))
    assert not is_name(name)
    with pytest.raises(ModelError, match=says):
        replace(model, labels=(name,))
    with pytest.raises(ModelError, match=says):
        replace(model.window, channels=(name,))


@quick
def test_notes_are_counted_in_bytes():
    model = random_model(0, 2, 1, 1, (1,))
    replace(model, notes=2047 * "ö")
    with pytest.raises(ModelError, match="at most 4095 bytes in UTF-8, and these have 4096"):
        replace(model, notes=2048 * "ö")


@quick
@given(st.text(), st.integers(0, 70))
def test_what_is_made_fitting_is_text(text, most):
    made = fitting(text, most)
    assert not character_fault(made) and len(made.encode()) <= most
    assert made == text or character_fault(text) or len(text.encode()) > most


@quick
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_a_normalized_name_can_be_written_and_stays(text):
    once = normalized(text)
    once.encode()
    assert normalized(once) == once
    assert once == text or not text.isascii()


@quick
def test_spellings_of_a_name_become_one():
    assert normalized("U\u0308bung") == "Übung"
    read_as_ascii = "Übung".encode().decode("ascii", "surrogateescape")
    assert normalized(read_as_ascii) == "Übung" and is_utf8(read_as_ascii)
    latin = "Übung".encode("latin-1").decode("utf-8", "surrogateescape")
    assert normalized(latin) == "Übung" and not is_utf8(latin)
    assert normalized("\ud800") == "\\ud800" and not name_fault(normalized("\ud800"))
