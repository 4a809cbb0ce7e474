"""Which features have moved the most, in words (docs/guides/drift.md)."""

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    import bnn

STATISTICS = (  # in the order of FORMAT.md
    "mean",
    "minimum",
    "maximum",
    "deviation",
    "log variance",
    "log power",
    "log change",
    "crossings",
    "above mean",
    "rises",
    "lower quartile",
    "median",
    "upper quartile",
    "interquartile range",
    "asymmetry",
)
BANDS_FROM = 64
MOST = 3
LEAST = 50  # hundredths of a deviation: less says nothing


def moved(drift: "bnn.Drift", channels: "tuple[str, ...]") -> "tuple[list[str], list[int]]":
    """The names of the features that have moved the most, and hundredths of deviations for each.

    At most three, the one that has moved the most first; of equal ones the first in the file.
    """
    names: list[str] = []
    amounts: list[int] = []
    i = 0
    while True:
        watched = drift.moved(i)
        if watched is None:
            return names, amounts
        i += 1
        channel, code, amount = watched
        at = len(amounts)
        while at and abs(amounts[at - 1]) < abs(amount):
            at -= 1
        if abs(amount) >= LEAST and at < MOST:
            name = f"band {code - BANDS_FROM + 1}" if code >= BANDS_FROM else STATISTICS[code]
            names.insert(at, channels[channel] + " " + name)
            amounts.insert(at, amount)
            del names[MOST:], amounts[MOST:]
