"""Several faults as one message."""

from collections.abc import Sequence

MOST = 10
"""Faults that are shown."""


def report_faults(faults: Sequence[str], files: int) -> str:
    """The message of files that cannot be used; it names the first ten and the option --skip."""
    if len(faults) == 1:
        return faults[0] + (" (--skip leaves the file out)" if files > 1 else "")
    shown = "\n".join(f"  {fault}" for fault in faults[:MOST])
    more = f"\n  and {len(faults) - MOST} more" if len(faults) > MOST else ""
    return f"{len(faults)} of {files} files cannot be used (--skip leaves them out):\n{shown}{more}"
