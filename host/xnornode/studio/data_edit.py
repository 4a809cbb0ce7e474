"""Changes of the data, each whole or not at all, and each with its way back."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from xnornode.data.convert import write_as
from xnornode.data.recording_file import SUFFIX, RecordFile, to_bytes
from xnornode.data.recording_folder import check_name, check_parts, place_of
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.data_bin import LOCK, entry_of, to_bin
from xnornode.studio.data_cut import part_of, whole
from xnornode.studio.data_journal import Swap, numbered, settle
from xnornode.studio.data_list import Item
from xnornode.studio.data_moves import (
    Step,
    bring_back,
    check_column,
    check_same,
    join,
    move,
    remove,
)
from xnornode.studio.data_paths import key_of, tell_change

KEPT = 100
"""Edits that can be undone."""


@dataclass(frozen=True)
class Edit:
    """What was done, and how it is undone.

    Parameters
    ----------
    id : str
        Names it.
    title : str
        What was done, in words.
    steps : tuple of Step
        Undo it, in this order.
    keys : tuple of str
        The files that it made.
    problems : tuple of str
        What could not be done, of several files.
    """

    id: str
    title: str
    steps: tuple[Step, ...]
    keys: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Edits:
    """Changes files of a studio's data, and remembers how each change is undone."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._done: deque[Edit] = deque(maxlen=KEPT)
        with LOCK:
            settle(studio)

    @property
    def last(self) -> Edit | None:
        """What `undo` would undo next; not what was emptied out of the bin."""
        done = (edit for edit in reversed(tuple(self._done)))
        return next((edit for edit in done if any(map(self._is_possible, edit.steps))), None)

    def forget_gone(self) -> None:
        """Forget edits that the bin has nothing of any more."""
        with LOCK:
            left = [edit for edit in self._done if any(map(self._is_possible, edit.steps))]
            self._done = deque(left, maxlen=KEPT)

    def _is_possible(self, step: Step) -> bool:
        try:
            return not step.entry or bool(entry_of(self._studio, step.entry))
        except XnorNodeError:
            return False

    def undo(self, id: str) -> tuple[str, list[str]]:
        """Undo an edit, as far as files have not changed since.

        Parameters
        ----------
        id : str
            Of the edit.

        Returns
        -------
        str, list of str
            Its title, and what could not be undone.

        Raises
        ------
        DataError
            Nothing of it can be undone.
        """
        with LOCK:
            edit = next((edit for edit in self._done if edit.id == id), None)
            if not edit:
                raise DataError("this was undone already, is too long ago, or the bin was emptied")
            problems, ready = [], []
            for step in edit.steps:
                try:
                    step.check()
                    ready.append(step)
                except (XnorNodeError, OSError) as error:
                    problems.append(str(error))
            if not ready:
                if edit is self.last:  # else what was done behind it may be undone first
                    self._done.remove(edit)
                raise DataError("\n".join(problems[:5]))
            done = 0
            try:
                for step in ready:
                    step.check()
                    step.do()
                    done += 1
            except (XnorNodeError, OSError) as error:
                # The rest can be tried again, once there is room on the disk.
                self._done[self._done.index(edit)] = replace(edit, steps=(*ready[done:],))
                problems.append(str(error))
            else:
                self._done.remove(edit)
        tell_change(self._studio)
        if not done:
            raise DataError("\n".join(problems[-5:]))
        return edit.title, problems

    def delete(self, items: Sequence[Item]) -> Edit:
        """Put files into the bin."""

        def one(item: Item) -> tuple[Step, tuple[str, ...]]:
            entry = to_bin(self._studio, item.path)
            return bring_back(self._studio, entry), ()

        return self._each(items, one, "deleted")

    def relabel(self, items: Sequence[Item], label: str | None, group: str | None) -> Edit:
        """Give files another label, another group, or both; None leaves one as it is.

        Raises
        ------
        DataError
            No folder can have such a name; or none of the files could be changed.
        """
        label = check_name(label, "label") if label is not None else None
        group = check_name(group, "group") if group else group
        for name, what in ((label, "label"), (group, "group")):
            if name:
                check_parts([name], what)

        def one(item: Item) -> tuple[Step, tuple[str, ...]]:
            return self._move(
                item,
                item.label if label is None else label,
                item.group if group is None else group,
            )

        names = [name for name in (label, group) if name is not None]
        return self._each(items, one, f"moved to {' / '.join(n or 'no group' for n in names)}")

    def cut(self, item: Item, parts: Sequence[tuple[int, int]]) -> Edit:
        """Put parts of a recording in its place, and the recording into the bin.

        Parameters
        ----------
        item : Item
            The recording.
        parts : sequence of (int, int)
            First sample, and the one behind the last, of each new recording.

        Raises
        ------
        DataError
            It is no recording that can be cut, or a part is outside of it.
        """
        with LOCK:
            check_same(item)
            record = whole(item)
            made = [part_of(record, *part) for part in parts]
            # Killed in here, or failed: the whole one is there, and no part of it.
            with Swap(self._studio, [(item.path, item.version)]) as swap:
                paths = [self._add(swap, item, part) for part in made]
                entry = to_bin(self._studio, item.path, "cut")
            step = join(self._studio, entry, paths)
            title = "cut" if len(parts) == 1 else "split"
            keys = tuple(key_of(path.relative_to(self._studio.data)) for path in paths)
            return self._keep(Edit(secrets.token_hex(8), f"{title} {item.key}", (step,), keys))

    def added(self, title: str, paths: Sequence[Path]) -> Edit:
        """Remember files that were imported."""
        steps = tuple(remove(self._studio, path) for path in paths)
        keys = tuple(key_of(path.relative_to(self._studio.data)) for path in paths)
        return self._keep(Edit(secrets.token_hex(8), title, steps, keys))

    def _keep(self, edit: Edit) -> Edit:
        self._done.append(edit)
        tell_change(self._studio)
        return edit

    def _each(
        self,
        items: Sequence[Item],
        one: Callable[[Item], tuple[Step, tuple[str, ...]]],
        title: str,
    ) -> Edit:
        """Do something with each of several files. Raises if it could be done with none."""
        steps: list[Step] = []
        keys: list[str] = []
        problems: list[str] = []
        with LOCK:
            for item in items:
                try:
                    check_same(item)
                    step, made = one(item)
                except XnorNodeError as error:
                    problems.append(str(error))
                except OSError as error:
                    problems.append(f"{item.path}: {error.strerror or error}")
                else:
                    steps.append(step)
                    keys += made
            if not steps:
                raise DataError("\n".join(problems[:5]) or "no recording is chosen")
            what = item.path.name if len(items) == 1 else f"{len(steps):,} files"
            title = f"{what} {title}"
            edit = Edit(secrets.token_hex(8), title, (*steps[::-1],), (*keys,), (*problems,))
            return self._keep(edit)

    def _move(self, item: Item, label: str, group: str) -> tuple[Step, tuple[str, ...]]:
        """Move a file into the folder of a label and a group, and have its head say so."""
        if not label:
            raise DataError(f"{item.path} has no label: say one")
        if (label, group) == (item.label, item.group) and item.facts.kind == "recording":
            raise DataError(f"{item.path.name} is of {label}{f' / {group}' * bool(group)} already")
        check_column(item)
        place = place_of(self._studio.data, label, group)
        new, back = move(self._studio, item, place, (label, group))
        return back, (key_of(new.relative_to(self._studio.data)),)

    def _add(self, swap: Swap, item: Item, record: RecordFile) -> Path:
        """Write a part of a recording into the folder of the whole one."""
        suffix = item.path.suffix.lower()
        if suffix == SUFFIX:
            place = place_of(self._studio.data, item.label, item.group)
            return swap.write(numbered(place), lambda _: to_bytes(record))
        kind = suffix if suffix == ".csv" else ".wav"
        data = write_as(record, kind, item.path.name, lambda text: None)
        names = (item.path.with_name(f"{item.path.stem} ({n}){kind}") for n in count(2))
        return swap.write(names, lambda _: data)
