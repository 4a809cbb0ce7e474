"""The options of reading as fields of a form, and what is written in them as options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xnornode.data import option_texts
from xnornode.data.read_options import ReadOptions
from xnornode.data.splits import PrepareOptions
from xnornode.errors import DataError
from xnornode.studio.requests import BadRequest

LONGEST = 2000
"""Letters of a field."""

FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("label_all", "Label of everything", "text", "--label-all: where nothing in the files says it"),
    ("rate", "Sample rate in Hz", "text", "--rate: whatever a column of times says"),
    ("label", "Column of labels", "text", "--label: its title, or its number from 0"),
    ("group", "Column of groups", "text", "--group: person, place or device"),
    ("time", "Column of times", "text", "--time: its title, or none"),
    ("channels", "Channels", "text", "--channels: those to use, separated by commas"),
    ("header", "First row", "header", "--header: whether it has titles"),
    ("full_scale", "Full scale", "text", "--full-scale: 4, or x=4,gyro=250, in the unit"),
    ("fill", "Fill gaps up to", "text", "--fill: samples, or seconds as 0.5s"),
    ("shape", "Rows are windows of", "text", "--shape: LENGTHxCHANNELS, such as 128x6"),
    ("charset", "Character encoding", "text", "--charset: such as latin-1"),
    ("skip", "Leave out what is faulty", "check", "--skip: it is counted and listed"),
    ("text", "These are texts", "check", "--text: not samples of sensors"),
)
"""Name, label, kind and help of each field."""
PARSED: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "rate": ("sample_rate", option_texts.above_zero),
    "channels": ("channels", option_texts.names),
    "fill": ("fill", option_texts.length),
    "shape": ("shape", option_texts.cross),
}
"""Fields that are no plain texts: the option's name, and who reads it."""


def fields() -> list[dict[str, str]]:
    """The form, as JSON can hold it."""
    keys = ("name", "label", "kind", "help")
    return [dict(zip(keys, row, strict=True)) for row in FIELDS]


def options_of(values: Mapping[str, Any]) -> tuple[ReadOptions, PrepareOptions]:
    """What a form says.

    Parameters
    ----------
    values : mapping of str to str or bool
        By a field's name; what is empty is found out from the files.

    Returns
    -------
    ReadOptions, PrepareOptions
        The same as `xnornode data` makes of its options.

    Raises
    ------
    DataError
        A field is not what it should be.
    """
    given: dict[str, Any] = {}
    scales: dict[str, float] = {}
    kinds = {name: kind for name, _, kind, _ in FIELDS}
    labels = {name: label for name, label, _, _ in FIELDS}
    for name, value in values.items():
        kind = kinds.get(name)
        if kind is None or type(value) is not (bool if kind == "check" else str):
            raise BadRequest("these are no fields of the form")
        if kind == "check":
            if value:
                given[name] = True
            continue
        text = str(value).strip()
        if len(text) > LONGEST:
            raise BadRequest(f"{labels[name]}: this is too long")
        if not text:
            continue
        try:
            if name == "full_scale":
                scales = option_texts.full_scale(text)
            elif name in PARSED:
                key, parse = PARSED[name]
                given[key] = parse(text)
            elif kind == "header" and text not in ("yes", "no"):
                raise DataError(f"{text}: say yes or no")
            else:
                given[name] = text
        except DataError as error:
            raise DataError(f"{labels[name]}: {error}") from error
    return ReadOptions(**given), PrepareOptions(full_scale=scales)
