"""A strict reader of InfluxDB line protocol, by InfluxData's reference of its version 2.

Each element is read character by character; what the reference does not allow is a ValueError.
"""

import re
from dataclasses import dataclass

INTEGER = re.compile(r"-?\d+i")
FLOAT = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
BOOLEANS = {"t": True, "T": True, "true": True, "True": True, "TRUE": True}
BOOLEANS |= {"f": False, "F": False, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True)
class Point:
    """What a line says."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, int | float | str | bool]
    nanoseconds: int


def read_point(line: str) -> Point:
    """The point of a line without its end. Raises ValueError."""
    if "\n" in line or "\r" in line:
        raise ValueError("an end of a line within it")
    reader = _Reader(line)
    measurement = reader.name(", ", escaped=", ")
    if not measurement or measurement.startswith(("_", "#")):
        raise ValueError(f"no name of a measurement: {measurement!r}")
    tags: dict[str, str] = {}
    while reader.takes(","):
        key = reader.key(tags)
        tags[key] = reader.name(", ", escaped=",= ")
        if not tags[key]:
            raise ValueError(f"the tag {key} is empty")
    if list(tags) != sorted(tags):
        raise ValueError("the tags are not sorted")
    reader.expect(" ")
    fields: dict[str, int | float | str | bool] = {}
    while True:
        key = reader.key(fields)
        fields[key] = reader.value()
        if not reader.takes(","):
            break
    reader.expect(" ")
    if not re.fullmatch(r"-?\d{1,19}", reader.rest):
        raise ValueError(f"no time stamp: {reader.rest!r}")
    return Point(measurement, tags, fields, int(reader.rest))


class _Reader:
    """A line, and how far it is read."""

    def __init__(self, line: str) -> None:
        self.rest = line

    def takes(self, char: str) -> bool:
        """Whether this comes next; then it is read."""
        found = self.rest.startswith(char)
        self.rest = self.rest[found:]
        return found

    def expect(self, char: str) -> None:
        if not self.takes(char):
            raise ValueError(f"{char!r} is missing before {self.rest!r}")

    def name(self, ends: str, escaped: str) -> str:
        """Text up to one of `ends`; those in `escaped` may stand in it behind a backslash."""
        text = ""
        while self.rest and self.rest[0] not in ends:
            char, self.rest = self.rest[0], self.rest[1:]
            if char == "\\":
                if not self.rest or self.rest[0] not in escaped:
                    raise ValueError(f"a backslash before {self.rest[:1]!r} is not clear")
                char, self.rest = self.rest[0], self.rest[1:]
            elif char in escaped:
                raise ValueError(f"{char!r} without a backslash")
            text += char
        return text

    def key(self, taken: dict) -> str:
        key = self.name("=, ", escaped=",= ")
        if not key or key.startswith("_") or key == "time" or key in taken:
            raise ValueError(f"no key, or one that is reserved or comes twice: {key!r}")
        self.expect("=")
        return key

    def value(self) -> int | float | str | bool:
        if self.takes('"'):
            text = ""
            while not self.takes('"'):
                if self.takes("\\"):
                    if self.rest[:1] not in ('"', "\\"):
                        raise ValueError("a backslash in a string")
                elif not self.rest:
                    raise ValueError("a string without an end")
                text, self.rest = text + self.rest[0], self.rest[1:]
            return text
        found = re.match(r"[^, ]*", self.rest)[0]
        self.rest = self.rest[len(found) :]
        if found in BOOLEANS:
            return BOOLEANS[found]
        if INTEGER.fullmatch(found):
            number = int(found[:-1])
            if -(2**63) <= number < 2**63:
                return number
        elif FLOAT.fullmatch(found):
            return float(found)
        raise ValueError(f"no value of a field: {found!r}")
