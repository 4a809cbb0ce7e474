"""Figures of reports with their units."""

from xnornode.cost.estimate import Operations, Ram


def share(value: float | None) -> str:
    """A share in percent, of one width; `-` where there is none."""
    return "     -" if value is None else f"{value:7.1%}"


def operations_text(ops: Operations) -> str:
    """The operations of one classification."""
    return (
        f"{ops.binary_macs:,} binary and {ops.int8_macs:,} byte multiply-accumulates, "
        f"{ops.decisions:,} decisions, {ops.encoded:,} inputs coded"
    )


def ram_text(ram: Ram) -> str:
    """The bytes of RAM and what takes them."""
    return (
        f"{ram.total:,} bytes: model {ram.model:,} (none where it lies in ROM), scratch "
        f"{ram.scratch:,}, window {ram.window:,}"
    )


def time(microseconds: float) -> str:
    """Microseconds in the unit that suits them."""
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    return f"{microseconds / 1000:.{1 if microseconds < 100_000 else 0}f} ms"


def energy(nanojoules: float) -> str:
    """Nanojoules in the unit that suits them."""
    return f"{nanojoules:,.1f} nJ" if nanojoules < 1000 else f"{nanojoules / 1000:,.2f} uJ"
