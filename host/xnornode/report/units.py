"""Figures of reports with their units."""

from xnornode.cost.estimate import Estimate, Operations, Ram


def short(text: str, most: int) -> str:
    """The text in at most `most` characters; what is cut off becomes an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def share(value: float | None) -> str:
    """A share in percent, of one width; `-` where there is none."""
    return "     -" if value is None else f"{value:7.1%}"


def operations_text(ops: Operations) -> str:
    """The operations of one classification."""
    return (
        f"{ops.binary_macs:,} binary and {ops.int8_macs:,} int8 multiply-accumulates, "
        f"{ops.decisions:,} decisions, {ops.encoded:,} inputs encoded"
    )


def ram_text(ram: Ram) -> str:
    """The bytes of RAM and what takes them."""
    return (
        f"{ram.total:,} bytes: model {ram.model:,} (0 if it is in ROM), scratch {ram.scratch:,}, "
        f"window {ram.window:,}"
    )


def time(microseconds: float) -> str:
    """Microseconds in the unit that suits them."""
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    return f"{microseconds / 1000:.{1 if microseconds < 100_000 else 0}f} ms"


def energy(nanojoules: float) -> str:
    """Nanojoules in the unit that suits them."""
    return f"{nanojoules:,.1f} nJ" if nanojoules < 1000 else f"{nanojoules / 1000:,.2f} uJ"


def cost_rows(cost: Estimate) -> list[tuple[str, str]]:
    """The costs of a model, each with its name."""
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
