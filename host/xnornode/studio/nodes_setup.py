"""The command that sets a board up, from what was filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xnornode.link.addresses import Port
from xnornode.studio import nodes_files
from xnornode.studio.nodes_ports import arguments
from xnornode.studio.requests import BadRequest

OWN, LEAVE, NATIVE, FILE = FIRMWARES = ("own", "leave", "native", "file")
"""XnorNode's own or what is there; none; none, with the native module; a file that was sent."""
FIELDS: dict[str, Any] = {
    "firmware": (str, OWN),
    "firmware_file": (str, ""),
    "model": (str, ""),
    "model_file": (str, ""),
    "autostart": (bool, True),
    "watchdog": (bool, False),
    "replace_main": (bool, False),
    "erase": (bool, False),
    "force": (bool, False),
    "drive": (str, ""),
    "dry_run": (bool, False),
}
"""What a request has, as `requests.read_json` takes it."""


def flash_arguments(form: dict[str, Any], kept: Path, port: Port | None) -> list[str]:
    """The arguments of `xnornode` that set a board up.

    Parameters
    ----------
    form : dict
        A value for each of FIELDS.
    kept : Path
        The studio's folder.
    port : Port or None
        The board's port; None for a Pico in its boot loader.

    Returns
    -------
    list of str
        "flash" and its options, as few as say it.

    Raises
    ------
    XnorNodeError
        For a file that is gone.
    """
    if form["firmware"] not in FIRMWARES:
        raise BadRequest(f"the firmware is none of {', '.join(FIRMWARES)}")
    found = ["flash", *arguments(port)]
    if form["drive"]:
        found += ["--drive", _path(form["drive"])]
    if form["firmware"] == FILE:
        found += ["--firmware", str(nodes_files.find(kept, form["firmware_file"]))]
    elif form["firmware"] != OWN:
        found.append("--native" if form["firmware"] == NATIVE else "--no-firmware")
    if form["model_file"]:
        found += ["--model", str(nodes_files.find(kept, form["model_file"]))]
    elif form["model"]:
        found += ["--model", str(nodes_files.model(kept, form["model"]))]
    names = ["autostart", "watchdog", "replace_main", "erase", "force", "dry_run"]
    return found + [f"--{name.replace('_', '-')}" for name in names if form[name]]


def _path(text: str) -> str:
    """A path that is no option."""
    if text.startswith("-") or len(text) > 1000 or "\0" in text:
        raise BadRequest("that is no folder")
    return text
