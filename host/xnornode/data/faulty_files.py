"""Several faults as one message."""

from collections.abc import Sequence

MOST = 10
"""Faults that are shown."""
MOST_LINES = 4
"""Lines of each of them."""


def report_faults(faults: Sequence[str], files: int) -> str:
    """The message of files that cannot be used; it names the first ten and the option --skip."""
    if len(faults) == 1:
        return faults[0] + (
            " (--skip leaves the file out)" if files > 1 and "--skip" not in faults[0] else ""
        )
    shown = "\n".join(f"  {_cut(fault)}" for fault in faults[:MOST])
    more = f"\n  and {len(faults) - MOST} more" if len(faults) > MOST else ""
    if len(faults) == files:  # nothing would be left
        return f"none of {files} files can be used:\n{shown}{more}"
    return f"{len(faults)} of {files} files cannot be used (--skip leaves them out):\n{shown}{more}"


def _cut(fault: str) -> str:
    """A fault of one file: its first lines, and its last one, which says what to do."""
    lines = fault.splitlines()
    kept = lines if len(lines) <= MOST_LINES + 1 else [*lines[:MOST_LINES], "  ...", lines[-1]]
    return "\n  ".join(kept)
