"""Figures of reports with their units."""

from xnornode._words import cut
from xnornode.cost.estimate import Estimate, Operations
from xnornode.cost.ram import Ram


def short(text: str, most: int) -> str:
    """Cut a text that is too long.

    Parameters
    ----------
    text : str
        The text.
    most : int
        Columns of a terminal that it may take; a letter of CJK takes two.

    Returns
    -------
    str
        The text; what is cut off becomes an ellipsis.

    Examples
    --------
    >>> short("walking", 5)
    'walk…'
    """
    return cut(text, most)


def share(value: float | None) -> str:
    """A share in percent.

    Parameters
    ----------
    value : float or None
        The share, 0 to 1.

    Returns
    -------
    str
        At least 7 characters; `-` for None.
    """
    return "      -" if value is None else f"{value:7.1%}"


def operations_text(ops: Operations) -> str:
    """The operations of one classification in words.

    Parameters
    ----------
    ops : Operations
        Their numbers.

    Returns
    -------
    str
        One line.
    """
    return (
        f"{ops.binary_macs:,} binary and {ops.int8_macs:,} int8 multiply-accumulates, "
        f"{ops.decisions:,} decisions, {ops.encoded:,} inputs encoded"
    )


def ram_text(ram: Ram) -> str:
    """The RAM on a node in words.

    Parameters
    ----------
    ram : Ram
        Bytes.

    Returns
    -------
    str
        The sum and its parts, one line.
    """
    return (
        f"{ram.total:,} bytes: model {ram.model:,} (0 if it is in ROM), scratch {ram.scratch:,}, "
        f"window {ram.window:,}, objects {ram.objects:,}"
    )


def time(microseconds: float) -> str:
    """A time with its unit.

    Parameters
    ----------
    microseconds : float
        The time in microseconds.

    Returns
    -------
    str
        In us below 1000 us, else in ms.

    Examples
    --------
    >>> time(820), time(8200)
    ('820 us', '8.2 ms')
    """
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    return f"{microseconds / 1000:.{1 if microseconds < 100_000 else 0}f} ms"


def energy(nanojoules: float) -> str:
    """An energy with its unit.

    Parameters
    ----------
    nanojoules : float
        The energy in nJ.

    Returns
    -------
    str
        In pJ below 1 nJ, in nJ below 1000 nJ, else in uJ.

    Examples
    --------
    >>> energy(0.0321), energy(3.21), energy(4321)
    ('32.1 pJ', '3.2 nJ', '4.32 uJ')
    """
    if nanojoules < 1:
        return f"{1000 * nanojoules:.1f} pJ"
    return f"{nanojoules:,.1f} nJ" if nanojoules < 1000 else f"{nanojoules / 1000:,.2f} uJ"


def cost_rows(cost: Estimate) -> list[tuple[str, str]]:
    """The costs of a model in words.

    Parameters
    ----------
    cost : Estimate
        The costs.

    Returns
    -------
    list of (str, str)
        Names and texts: model, operations, RAM, and a time for each chip.
    """
    times = [
        f"{time(t.microseconds)} estimated on {t.chip}, {t.megahertz} MHz ({t.basis})"
        for t in cost.times
    ]
    return [
        ("model", f"{cost.file_bytes:,} bytes, {cost.weight_bytes:,} of them weights"),
        ("operations", operations_text(cost.operations)),
        ("RAM", ram_text(cost.ram)),
        *(("time", text) for text in times),
    ]
