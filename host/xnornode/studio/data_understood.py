"""The table of what was understood, for pages."""

from __future__ import annotations

import threading
from typing import Any

from xnornode.data.look import Look, look
from xnornode.datasets.load import load_dataset
from xnornode.errors import XnorNodeError
from xnornode.report.understood import sections
from xnornode.studio.data_list import Listing
from xnornode.studio.data_paths import without_folder


def told(seen: Look) -> dict[str, Any]:
    """What was understood, as JSON can hold it: the rows that `xnornode data` prints."""
    tables = [{"heads": s.heads, "rows": s.rows, "left": s.left} for s in sections(seen.understood)]
    doubts = [
        {"text": g.text, "option": g.option, "doubtful": g.doubtful}
        for g in seen.understood.guesses
    ]
    return {
        "tables": tables,
        "doubts": doubts,
        "notes": list(seen.notes),
        "warnings": list(seen.warnings),
        "problem": seen.problem,
    }


class Understanding:
    """Reads the whole folder as a training would, once for each state of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark = ""
        self._told: dict[str, Any] = {}

    def of(self, listing: Listing) -> dict[str, Any]:
        """What is understood of all files.

        Parameters
        ----------
        listing : Listing
            The files as they are now.

        Returns
        -------
        dict
            Tables, notes, warnings, and why a training would stop.
        """
        with self._lock:
            if listing.mark != self._mark or not self._told:
                self._told = without_folder(_read(listing), listing.folder)
                self._mark = listing.mark
            return self._told


def _read(listing: Listing) -> dict[str, Any]:
    empty: dict[str, Any] = {"tables": [], "doubts": [], "notes": [], "warnings": []}
    if not listing.items:
        return {**empty, "problem": "there is nothing yet: record something, or drop files here"}
    try:
        return told(look(load_dataset(listing.folder)))
    except XnorNodeError as error:
        problem = str(error)
    try:  # what the rest is, without the files that cannot be used
        return {**told(look(load_dataset(listing.folder, skip=True))), "problem": problem}
    except XnorNodeError:
        return {**empty, "problem": problem}
