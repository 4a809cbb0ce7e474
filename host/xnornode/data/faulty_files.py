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
    texts, remedies = list(faults), {fault.rpartition("\n")[2] for fault in faults}
    remedy = ""
    if len(remedies) == 1:  # it is said once, behind all of them
        remedy = f"\n{remedies.pop()}"
        texts = [fault.removesuffix(remedy) for fault in faults]
    shown = "\n".join(f"  {_cut(text)}" for text in texts[:MOST])
    more = f"\n  and {len(faults) - MOST} more" if len(faults) > MOST else ""
    head = f"{len(faults)} of {files} files cannot be used (--skip leaves them out)"
    if len(faults) == files:  # nothing would be left
        head = f"none of {files} files can be used"
    return f"{head}:\n{shown}{more}{remedy}"


def _cut(fault: str) -> str:
    """A fault of one file: its first lines, and its last one, which says what to do."""
    lines = fault.splitlines()
    kept = lines if len(lines) <= MOST_LINES + 1 else [*lines[:MOST_LINES], "  ...", lines[-1]]
    return "\n  ".join(kept)
