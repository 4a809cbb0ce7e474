"""What `xnornode flash` puts on a board that has its firmware: library, module, files, model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xnornode.board import native_module, node_library, rp2040
from xnornode.board.install import Installer, Plan
from xnornode.cli.output import Progress
from xnornode.link.repl import Board


def with_library(plan: Plan, architecture: str) -> Plan:
    """The plan with the node's library before all else."""
    library = node_library.files(architecture)
    return replace(plan, files={**library, **plan.files}, obsolete=node_library.obsolete(library))


def install(board: Board, plan: Plan, native: bool | None) -> Iterator[str]:
    """Do what is planned, on a board that has its firmware; lines of account.

    native: whether it gets the module as a file; None: if its firmware has none.
    """
    with Progress() as progress:
        yield from _install(board, plan, native, progress)


def _install(board: Board, plan: Plan, native: bool | None, progress: Progress) -> Iterator[str]:
    def show(path: str, done: int, total: int) -> None:
        progress(done, total, f"{done:,} of {total:,} bytes, {path}")
        if done >= total:
            progress.end()

    installer = Installer(board, progress.say, show)
    if native is None and (built_in := native_module.built_in(board)):
        board.clear()
        yield from installer.install(with_library(plan, built_in))
        return
    if native is False:
        architecture = rp2040.architecture(board)
        board.clear()
        yield from installer.install(with_library(plan, architecture))
        return
    module = native_module.module_for(board)
    board.clear()
    files = with_library(replace(plan, model=None), module.architecture)
    files.files[native_module.PATH] = module.data
    yield from installer.install(files)
    yield native_module.check(board, module)
    yield from installer.install(Plan(model=plan.model, key=plan.key))
