"""What mkdocs does with this repository's pages (mkdocs.yml, `hooks`).

A page that starts with INCLUDE shows the file that it links to, such as FORMAT.md. A link to such a
file leads to its page on the site. The pages of commands and of Python are filled in.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

import xnornode
from tools.firmware.sources import ROOT
from xnornode.cli.main import MODULES, _parser

DOCS = ROOT / "docs"
INCLUDE = "<!-- include -->\n"
HELP = "<!-- help of all commands -->"
API = "<!-- public API -->"
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.M | re.S)


def included(page: Path) -> Path | None:
    """The file that a page shows instead of its own text, None for an ordinary page."""
    text = page.read_text()
    link = LINK.search(text) if text.startswith(INCLUDE) else None
    return (page.parent / link[2]).resolve() if link else None


def homes() -> dict[Path, Path]:
    """The page on the site of each file outside of docs/ that has one."""
    return {file: page for page in DOCS.rglob("*.md") if (file := included(page))}


def moved_links(text: str, source: Path, page: Path) -> str:
    """The text of `source` as shown on `page`: relative links still lead to the same files."""
    pages = homes()

    def moved(link: re.Match[str]) -> str:
        if ":" in link[2]:
            return link[0]
        target = (source.parent / link[2]).resolve()
        target = pages.get(target, target)
        path = os.path.relpath(target, page.parent)
        return f"{link[1]}{path}{link[3] or ''}{link[4]}"

    parts = CODE.split(text)
    return "".join(part if i % 2 else LINK.sub(moved, part) for i, part in enumerate(parts))


def commands_help() -> str:
    """The help of each command, as Markdown."""
    os.environ["COLUMNS"] = "100"
    parser = _parser([])
    commands = _commands(parser)
    found = []
    for name in MODULES:
        found.append((name, commands[name]))
        found += [(f"{name} {each}", its) for each, its in _commands(commands[name]).items()]
    return "\n".join(
        f"## xnornode {name}\n\n```text\n{each.format_help().rstrip()}\n```\n"
        for name, each in found
    )


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser, by their names."""
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def public_api() -> str:
    """What mkdocstrings takes: each public name where it is defined."""
    names = [n for n in getattr(xnornode, "__all__", ()) if not n.startswith("_")]
    objects = [getattr(xnornode, name) for name in names]
    return "\n\n".join(f"::: {o.__module__}.{o.__qualname__}" for o in objects)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Called by mkdocs for each page."""
    path = Path(page.file.abs_src_path)
    source = included(path) or path
    text = source.read_text() if source != path else markdown
    text = moved_links(text, source, path)
    if source != path:
        text = text.replace("][", "]\\[")  # indices, which autorefs takes for references
    if HELP in text:
        text = text.replace(HELP, commands_help())
    return text.replace(API, public_api()) if API in text else text
