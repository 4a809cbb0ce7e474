"""Several faults as one message."""

import re
from collections.abc import Sequence

from xnornode._words import few

MOST = 10
"""Faults that are shown."""
MOST_LINES = 4
"""Lines of each of them."""
MOST_ALIKE = 3
"""Files that are named of those that have the same fault."""
ALIKE = re.compile(r"(.*?)( has no column .*)")
"""A file, and a fault that is often in all of them: an option names a wrong column."""


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
    texts = _once(texts)
    shown = "\n".join(f"  {_cut(text)}" for text in texts[:MOST])
    more = f"\n  and {len(texts) - MOST} more" if len(texts) > MOST else ""
    head = f"{len(faults)} of {files} files cannot be used (--skip leaves them out)"
    if len(faults) == files:  # nothing would be left
        head = f"none of {files} files can be used"
    return f"{head}:\n{shown}{more}{remedy}"


def _once(faults: Sequence[str]) -> list[str]:
    """The faults, where those that differ by their file alone are one, at the first one's place."""
    alike: dict[str, list[str]] = {}
    for fault in faults:
        found = ALIKE.fullmatch(fault)
        alike.setdefault(found[2] if found else fault, []).append(found[1] if found else "")
    return [
        f"{first}{fault}" + (f"\nthe same in {few(others, MOST_ALIKE)}" if any(others) else "")
        for fault, (first, *others) in alike.items()
    ]


def _cut(fault: str) -> str:
    """A fault of one file: its first lines, and its last one, which says what to do."""
    lines = fault.splitlines()
    kept = lines if len(lines) <= MOST_LINES + 1 else [*lines[:MOST_LINES], "  ...", lines[-1]]
    return "\n  ".join(kept)
