"""What classes and channels say against the way they are used, as guesses."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10

from xnornode._words import channel, few
from xnornode.data.dataset import class_names
from xnornode.data.facts import ChannelFacts
from xnornode.data.reading import Guess
from xnornode.data.scaling import full_scale_of

NANO = 1e-9
MOST_NUMBERS = 100  # classes: more are rather measurements
GLITCH = 2.0  # full scales: a value beyond is rather a fault than a peak


def numbers_as_labels(labels: Sequence[str]) -> Iterator[Guess]:
    """A word about classes that are written as numbers."""
    names = class_names(labels)
    try:
        values = [float(name) for name in names]
    except ValueError:
        return
    if len(names) > 2 and not all(value.is_integer() for value in values):
        text = (
            f"the labels {names[0]} to {names[-1]} are taken as the names of {len(names)} classes, "
            "not as numbers"
        )
        yield Guess(
            text, "round them in the data if they are measurements", len(names) > MOST_NUMBERS
        )


def doubts(channels: Sequence[ChannelFacts], kind: str) -> Iterator[Guess]:
    """What the values of channels say against the way they are used."""
    constant = [c.name for c in channels if c.constant]
    if constant:
        text = f"{len(constant)} of {len(channels)} channels never change: {few(constant, 5)}"
        yield Guess(text, "leave them out with --channels", kind == "recordings")
    rising = [c.name for c in channels if c.rising]
    if len(rising) == 1:
        text = f"{channel(rising[0])} only rises, as a time or a counter does"
        yield Guess(text, "leave it out with --channels, or name it with --time", True)
    elif rising:
        text = f"{len(rising)} channels only rise, as times or counters do: {few(rising, 5)}"
        yield Guess(text, "leave them out with --channels, or name a time with --time", True)
    for c in channels:
        if c.outliers:
            full = full_scale_of(round(c.scale / NANO))
            most = max(-c.minimum, c.maximum)
            values = "1 value is" if c.outliers == 1 else f"{c.outliers:,} values are"
            text = (
                f"{channel(c.name)}: {values} beyond its full scale of {full:g} {c.unit}".rstrip()
                + f" and saturate; the largest is {most:g}"
            )
            digit = 10.0 ** (floor(log10(most)) - 2)
            up = f"{ceil(most / digit) * digit:.3g}"  # rounded down, it would saturate again
            yield Guess(text, f"--full-scale '{c.name}={up}'", most > GLITCH * full)
