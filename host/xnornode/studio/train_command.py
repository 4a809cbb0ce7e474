"""The command of a training, from what a page has chosen: only what differs from the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xnornode.studio.requests import BadRequest

COMMANDS = ("train", "search")
OWN = (
    *("--output", "--name", "--report", "--json"),
    *("--checkpoint", "--resume", "--restart", "--dry-run"),
)
"""Options that the studio sets itself."""
KEPT_BACK = ("--dask",)
"""Whoever has the page must not choose which scheduler's answers this computer unpickles."""
LONGEST, MOST = 4096, 200
"""Letters of a value, and values of an option that may be given again."""
MODEL, REPORT, FIGURES = "model.bnn", "report.html", "report.json"
"""Files in a model's folder."""

Groups = Sequence[Mapping[str, Any]]


def offered(groups: Groups) -> list[dict[str, Any]]:
    """The groups of options without those that the studio sets itself, or keeps back."""
    found = []
    for group in groups:
        options = [one for one in group["options"] if one["option"] not in (*OWN, *KEPT_BACK)]
        if options:
            found.append({"title": group["title"], "options": options})
    return found


def arguments(groups: Groups, chosen: Mapping[str, Any]) -> list[str]:
    """The options on the command line, in the order of the help.

    Parameters
    ----------
    groups : sequence of dict
        What the command offers.
    chosen : dict of str to str, bool or list of str
        The values by option. Empty ones, and those that are the default, are left out.

    Returns
    -------
    list of str
        The arguments.

    Raises
    ------
    BadRequest
        There is no such option, or a value is of another type.

    Examples
    --------
    >>> seed = {"option": "--seed", "flag": False, "many": False, "default": "0"}
    >>> arguments([{"title": "", "options": [seed]}], {"--seed": "7"})
    ['--seed', '7']
    """
    known = {one["option"]: one for group in offered(groups) for one in group["options"]}
    if unknown := sorted(chosen.keys() - known.keys()):
        raise BadRequest(f"there is no option {unknown[0][:80]!r}")
    found: list[str] = []
    for option, about in known.items():
        value = chosen.get(option)
        if value is None or value is False or value in ("", []):
            continue
        if about["flag"]:
            if value is not True:
                raise BadRequest(f"{option} takes no value")
            found.append(option)
            continue
        values = value if about["many"] and isinstance(value, list) else [value]
        if len(values) > MOST:
            raise BadRequest(f"{option} has more than {MOST} values")
        for text in values:
            if not isinstance(text, str) or len(text) > LONGEST or not _is_clean(text):
                raise BadRequest(f"{option} has no value that a command line can hold")
            if text.strip() not in ("", about["default"]):
                found += _said(option, text.strip())
    return found


def command(
    kind: str, data: Path, folder: Path, groups: Groups, chosen: Mapping[str, Any], name: str = ""
) -> list[str]:
    """The arguments of `xnornode` that train a model into a folder. Raises BadRequest."""
    given = arguments(groups, chosen)
    found = [kind, path_text(data), "-o", path_text(folder / MODEL)]
    if name:
        found += _said("--name", name)
    found += given
    if find_spec("jinja2"):  # without it there are the figures
        found += ["--report", path_text(folder / REPORT)]
    return [*found, "--json", path_text(folder / FIGURES)]


def _said(option: str, value: str) -> list[str]:
    """A value that begins with a dash would be taken for an option."""
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def path_text(path: Path) -> str:
    """A path as an argument, which is not taken for an option."""
    text = str(path)
    return os.path.join(os.curdir, text) if text.startswith("-") else text


def _is_clean(text: str) -> bool:
    return all(letter.isprintable() for letter in text)
