"""Which network `xnornode train` takes where nobody names one: trials, their table, their file."""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode import __version__
from xnornode._files import write_whole
from xnornode.cli import augment_options, train_settings
from xnornode.cli.output import (
    Progress,
    is_terminal,
    say,
    say_wrapped,
    show_table,
    tell_candidate,
)
from xnornode.data.splits import Splits
from xnornode.errors import DataError, XnorNodeError
from xnornode.recipes.candidates import Candidate, candidates
from xnornode.recipes.choose import Attempt, Choice, Tried, choose
from xnornode.report.units import time
from xnornode.training.checkpoint import choice_file, settings_text
from xnornode.training.config import TrainConfig

NETWORK = ("layers", "features", "encoding", "bits")
"""Options that name a network."""
HEADS = ("tried", "accuracy", "behind the best", "bytes, without notes", "a window", "took", "")
WIDTH = 100
"""Columns of the table in a pipe."""


def add_option(group: Any) -> None:
    """The option that leaves trials out."""
    what = "take the first network that suits such data, without trying others"
    group.add_argument("--quick", action="store_true", help=what)


def to_try(options: argparse.Namespace, splits: Splits, recipe: bool) -> tuple[Candidate, ...]:
    """What is tried, with the training that the user asked for; nothing where it is settled.

    Raises DataError for settings that do not go together.
    """
    if recipe or options.quick or _named(options):
        return ()

    def wanted(config: TrainConfig) -> TrainConfig:
        config = train_settings.configure(options, config, splits)
        return augment_options.settle(options, config, splits)

    return tuple(replace(one, config=wanted(one.config)) for one in candidates(splits))


def _named(options: argparse.Namespace) -> list[str]:
    """The options given that name a network."""
    return [f"--{name}" for name in NETWORK if getattr(options, name) is not None]


def tell(options: argparse.Namespace, recipe: bool) -> None:
    """Say why no other network is tried."""
    named = _named(options)
    if named and not recipe and not options.quick:
        are = "are" if len(named) > 1 else "is"
        say(f"no other network is tried, as {' and '.join(named)} {are} given")


def settle(
    options: argparse.Namespace,
    splits: Splits,
    tries: Sequence[Candidate],
    progress: Progress,
    kept: Path | None,
) -> Choice | None:
    """Choose among `tries` and show the table; None where nothing can be compared.

    kept: the file of the training's checkpoint. The choice is kept beside it, and taken from there
    when the training goes on. What is not there is made again, and comes out the same.
    Raises XnorNodeError for a choice of other settings, with which no training goes on.
    """
    of = _fingerprint(tries, splits)
    choice = _read(kept, of, tries) if kept and not options.restart else None
    if options.resume and kept and not choice and _of_others(kept, of):
        raise XnorNodeError(
            f"{choice_file(kept)} is of other settings or data: use those, or start from the "
            "beginning with --restart"
        )
    if choice and kept:
        say(f"the choice is taken from {choice_file(kept)}")
    else:
        say(f"trying {len(tries)} networks (--quick takes the first)")
        try:
            shown = _shown(progress, [one.name for one in tries])
            choice = choose(splits, tries, seed=options.seed, progress=shown)
        except DataError as error:
            say(f"the first network is taken: {error}")
            if kept:  # one that is left is of another training
                choice_file(kept).unlink(missing_ok=True)
            return None
        finally:
            progress.end()
        if kept:
            _write(kept, of, choice)
    show(choice)
    names = [one.name for one in tries]
    for i, one in enumerate(choice.tried):
        _tell(names, one, chosen=i == choice.best)
    return choice


def show(choice: Choice) -> None:
    """Print the table of what was tried, to stderr."""
    rows = [
        [
            one.name,
            f"{one.accuracy:.1%} ± {100 * one.error:.1f}",
            "" if not one.behind else f"{100 * one.behind:.1f} ± {100 * one.behind_error:.1f}",
            f"{one.bytes:,}",
            time(one.microseconds),
            f"{one.seconds:.1f} s",
            "<- chosen" if i == choice.best else "",
        ]
        for i, one in enumerate(choice.tried)
    ]
    if not is_terminal(sys.stderr):
        print(file=sys.stderr)
    show_table(HEADS, rows, (HEADS[0], HEADS[-1]), sys.stderr, WIDTH)
    say_wrapped(f"chosen: {choice.why}", 80)


def _tell(names: Sequence[str], tried: Tried, chosen: bool = False) -> None:
    """Tell another program what is known of a network."""
    tell_candidate(
        number=names.index(tried.name) + 1,
        of=len(names),
        network=tried.name,
        state="chosen" if chosen else "tried",
        accuracy=tried.accuracy,
        error=tried.error,
        behind=tried.behind,
        behind_error=tried.behind_error,
        bytes=tried.bytes,
        milliseconds=tried.microseconds / 1000,
        seconds=tried.seconds,
    )


def _shown(progress: Progress, names: Sequence[str]) -> Callable[[Attempt], None]:
    begun: set[str] = set()

    def show_attempt(attempt: Attempt) -> None:
        if attempt.why or attempt.tried or attempt.name not in begun:
            begun.add(attempt.name)
            number = names.index(attempt.name) + 1
            about: dict[str, Any] = {"number": number, "of": len(names), "network": attempt.name}
            if attempt.tried:
                _tell(names, attempt.tried)
            elif attempt.why:
                tell_candidate(**about, state="left out", why=attempt.why)
            else:
                tell_candidate(**about, state="trying")
        if attempt.why or attempt.tried:
            return
        epoch = attempt.epoch
        within = epoch.number / epoch.of if epoch and not epoch.teacher else 0.0
        text = f"trying {attempt.number}/{attempt.of}: {attempt.name}"
        if epoch:
            text += f", epoch {epoch.number}/{epoch.of}"
        progress(attempt.number - 1 + within, attempt.of, text)

    return show_attempt


def _fingerprint(tries: Sequence[Candidate], splits: Splits) -> str:
    """All that the choice depends on."""
    data = settings_text(tries[0].config, 1, splits.train, None)
    text = f"{__version__} {data} {list(tries)} {splits.window.hop}"
    return hashlib.sha256(text.encode()).hexdigest()


def _write(kept: Path, of: str, choice: Choice) -> None:
    tried = [
        {name: value for name, value in vars(one).items() if name not in ("config", "name")}
        | {"name": one.name}
        for one in choice.tried
    ]
    about = {"of": of, "tried": tried, "best": choice.best, "why": choice.why}
    write_whole(choice_file(kept), json.dumps(about).encode())


def _of_others(kept: Path, of: str) -> bool:
    """Whether a choice is there that was made with other settings or data."""
    try:
        its = json.loads(choice_file(kept).read_bytes())["of"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(its, str) and its != of


def _read(kept: Path, of: str, tries: Sequence[Candidate]) -> Choice | None:
    """The choice that was kept; None where there is none, or one among other candidates."""
    configs = {one.name: one.config for one in tries}
    try:
        about = json.loads(choice_file(kept).read_bytes())
        if about["of"] != of:
            return None
        tried = tuple(Tried(config=configs[row["name"]], **row) for row in about["tried"])
        return Choice(tried, range(len(tried))[int(about["best"])], str(about["why"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
