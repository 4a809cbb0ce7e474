"""`xnornode convert`: recordings as `.rec`, CSV or WAV."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from xnornode._files import write_new, write_whole
from xnornode.cli import data_options
from xnornode.cli.command import add_command
from xnornode.cli.output import Progress
from xnornode.data.convert import Source, find_sources, read_source, scale_all, write_as
from xnornode.data.dataset import Dataset
from xnornode.data.paths import files_in, irregular
from xnornode.data.recording_file import RecordFile
from xnornode.errors import DataError

KINDS = ("csv", "wav", "rec")
OTHERS = ("resample", "shape", "image", "text")
"""Options of reading that are for trainings: samples are converted as they are."""
FEW = 5
"""Files that a message names."""


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode convert`."""
    parser = add_command(
        commands,
        "convert",
        "convert recordings: .rec, CSV, WAV",
        "Convert a recording, or a folder of them, whose layout stays. CSV has a column of times "
        "and the channels in their units; a training reads the same counts from it as from the "
        "recording, and so does the way back. WAV holds sound. Other tables and sound files that "
        "`xnornode train` reads become .rec or CSV.",
        """
        xnornode convert gestures gestures-csv --to csv
        xnornode convert clap.wav clap.rec --label-all clap
        """,
        usage="SOURCE TARGET [OPTIONS]",
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a file, or a folder")
    what = "a file, or the folder that gets the files"
    parser.add_argument("target", type=Path, metavar="TARGET", help=what)
    what = "what the files become (default: what TARGET's name ends with)"
    parser.add_argument("--to", choices=KINDS, help=what)
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    group = parser.add_argument_group("tables")
    data_options.add_read_options(group)
    what = "the largest value of all channels, or of some as NAME=VALUE,..., in their unit"
    group.add_argument(
        "--full-scale", type=data_options.full_scale, default={}, metavar="VALUE", help=what
    )
    parser.set_defaults(run=run, window=1)  # tables hold samples, not windows


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode convert`; the exit status. Raises XnorNodeError."""
    kind = _kind(options)
    for name in OTHERS:
        if getattr(options, name):
            raise DataError(f"--{name} is for trainings: samples are converted as they are")
    sources = find_sources(options.source, kind)
    with Progress() as progress:
        if options.source.is_dir():
            for line in irregular(files_in(options.source, _is_hidden)[1]):
                progress.say(line)
        records = _read(sources, options, progress)
        files = _place(records, options, kind)
        _check_targets([path for path, _ in files], options.force)
        for n, (path, record) in enumerate(files):
            progress(n, len(files), f"writing {path.name}")
            data = write_as(record, kind, str(path), progress.say)
            path.parent.mkdir(parents=True, exist_ok=True)
            (write_whole if options.force else write_new)(path, data)
    for path, _ in files:
        print(path)
    return 0


def _kind(options: argparse.Namespace) -> str:
    """The suffix of what the files become. Raises DataError."""
    named = options.target.suffix.lower().removeprefix(".")
    is_folder = options.source.is_dir()
    if is_folder and options.target.is_file():
        raise DataError(f"{options.target} is a file: name a folder for the files")
    if options.to:
        if not is_folder and named in KINDS and named != options.to:
            raise DataError(f"{options.target} ends with .{named}, and --to says {options.to}")
        return f".{options.to}"
    if is_folder or named not in KINDS:
        raise DataError("say what the files become: --to csv, --to wav or --to rec")
    return f".{named}"


def _read(
    sources: list[Source], options: argparse.Namespace, progress: Progress
) -> dict[Source, list[RecordFile]]:
    """All recordings. Raises DataError."""
    read = data_options.read_options(options)
    found: dict[Source, list[RecordFile]] = {}
    open_: dict[Source, Dataset] = {}
    for n, source in enumerate(sources):
        progress(n, len(sources), f"reading {source.place.name}")
        got = read_source(source, read)
        if isinstance(got, Dataset):
            open_[source] = got
        else:
            found[source] = got
    found.update(scale_all(open_, options.full_scale))
    return {source: found[source] for source in sources}


def _place(
    records: dict[Source, list[RecordFile]], options: argparse.Namespace, kind: str
) -> list[tuple[Path, RecordFile]]:
    """Where each recording goes."""
    placed = []
    target: Path = options.target
    as_file = options.source.is_file() and not target.is_dir()
    for source, own in records.items():
        whole = target if as_file else target / source.place
        for n, record in enumerate(own, 1):
            number = f"-{n}" if len(own) > 1 else ""
            # What is no suffix of a kind is a part of a name that somebody gave
            named = as_file and whole.suffix.lower().removeprefix(".") not in KINDS
            stem = whole.name if named else whole.stem
            placed.append((whole.with_name(f"{stem}{number}{kind}"), record))
    return placed


def _check_targets(paths: list[Path], force: bool) -> None:
    """Raise DataError where two recordings have one target, or a file is there already."""
    twice = sorted(str(path) for path, count in Counter(paths).items() if count > 1)
    if twice:
        raise DataError(
            f"two files would become {twice[0]}: convert them into folders of their own"
        )
    there = [path for path in paths if path.exists()]
    if there and not force:
        names = ", ".join(map(str, there[:FEW]))
        more = f" and {len(there) - FEW} more" if len(there) > FEW else ""
        raise DataError(f"{names}{more} would be overwritten: name another TARGET, or give --force")
