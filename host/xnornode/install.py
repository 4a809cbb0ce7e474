"""Put files and a model on a board at its REPL; what is there already is left alone."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xnornode.errors import LinkError
from xnornode.link import Board, RemoteError

MODEL = "/model.bnn"
NEW_MODEL = "/model.new"
BLOCK = 4096
"""Bytes of a block of the board's filesystem: a file takes whole ones."""
SPARE = 4 * BLOCK
"""Bytes that must stay free: littlefs copies its folders' blocks when it changes them."""

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


@dataclass
class Plan:
    """Files by their path on the board, and a model (a valid `.bnn` file) or None."""

    files: dict[str, bytes] = field(default_factory=dict)
    model: bytes | None = None


class Installer:
    """Installs a Plan on a board."""

    def __init__(self, board: Board, say: Say, progress: Progress) -> None:
        self.board, self._say, self._progress = board, say, progress

    def install(self, plan: Plan) -> Iterator[str]:
        """Do it; a line of account for each part. Raises LinkError, and what was there stays."""
        wanted = {**plan.files, **({MODEL: plan.model} if plan.model else {})}
        there = self.board.hashes(list(wanted))
        missing = {p: d for p, d in wanted.items() if there[p] != hashlib.sha256(d).hexdigest()}
        self._check_space(missing)
        self._make_folders(missing)
        for path, data in missing.items():
            if path != MODEL:
                self._put(data, path)
        count = sum(path != MODEL for path in missing)
        if plan.files:
            yield (
                f"files      {count} written, {len(plan.files) - count} were there already, "
                f"{sum(map(len, plan.files.values())):,} bytes in all"
            )
        if plan.model:
            yield self._install_model(plan.model, MODEL in missing)

    def _install_model(self, data: bytes, write: bool) -> str:
        if write:
            self._put(data, NEW_MODEL)
        path = NEW_MODEL if write else MODEL
        try:
            facts = json.loads(self.board.run(_SELFTEST % path))
        except RemoteError as error:
            self._discard()
            raise LinkError(_why_no_model(error)) from error
        if not facts["ok"]:
            self._discard()
            raise LinkError(
                "the board computes other scores than the model's self-test: not installed"
            )
        if write:
            self.board.run(f"import os\nos.rename({NEW_MODEL!r}, {MODEL!r})")
        return (
            f"model      {facts['name']}, {len(data):,} bytes, CRC {facts['crc']:08x}: "
            f"{'installed' if write else 'was there already'}, self-test passed on the board "
            f"(bnn {facts['bnn']})"
        )

    def _put(self, data: bytes, path: str) -> None:
        self._say(f"writing {path}, {len(data):,} bytes")
        self.board.put(data, path, lambda done, total: self._progress(path, done, total))

    def _discard(self) -> None:
        self.board.run(f"import os\ntry: os.remove({NEW_MODEL!r})\nexcept OSError: pass")

    def _check_space(self, files: dict[str, bytes]) -> None:
        need = sum(-(-len(d) // BLOCK) * BLOCK for d in files.values()) + SPARE
        size, free = json.loads(
            self.board.run("import os\ns = os.statvfs('/')\nprint([s[0] * s[2], s[0] * s[3]])")
        )
        if files and need > free:
            raise LinkError(
                f"the board is full: {need:,} bytes are needed, {free:,} of {size:,} are free; "
                "remove files (mpremote fs rm) or install fewer recordings"
            )

    def _make_folders(self, files: dict[str, bytes]) -> None:
        folders = {path[:at] for path in files for at, ch in enumerate(path) if ch == "/" and at}
        for folder in sorted(folders):
            self.board.run(
                f"import os\ntry: os.mkdir({folder!r})\n"
                "except OSError as e:\n if e.errno != 17: raise"  # 17 is EEXIST
            )


def _why_no_model(error: RemoteError) -> str:
    text = error.last_line
    if text.startswith("ImportError"):
        return "the firmware has no bnn module: install ours (leave out --no-firmware)"
    if text.startswith("MemoryError"):
        return "the model does not fit the board's RAM: train a smaller one"
    return f"the board refuses the model: {text}"


_SELFTEST = """
import bnn, gc, json
gc.collect()
m = bnn.Model(open('%s', 'rb').read())
print(json.dumps({'ok': m.selftest(), 'name': m.name, 'crc': m.crc, 'bnn': bnn.__version__}))
"""
