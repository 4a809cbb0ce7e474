"""Several faults as one message."""

from collections.abc import Sequence

MOST = 10
"""Faults that are shown."""


def report_faults(faults: Sequence[str], files: int) -> str:
    """The message of files that cannot be used; it names the first ten and the option --skip."""
    if len(faults) == 1:
        return faults[0] + (" (--skip leaves the file out)" if files > 1 else "")
    texts, remedies = list(faults), {fault.rpartition("\n")[2] for fault in faults}
    remedy = ""
    if len(remedies) == 1:  # it is said once, behind all of them
        remedy = f"\n{remedies.pop()}"
        texts = [fault.removesuffix(remedy) for fault in faults]
    shown = "\n".join("  " + text.replace("\n", "\n  ") for text in texts[:MOST])
    more = f"\n  and {len(faults) - MOST} more" if len(faults) > MOST else ""
    head = f"{len(faults)} of {files} files cannot be used (--skip leaves them out):"
    return f"{head}\n{shown}{more}{remedy}"
