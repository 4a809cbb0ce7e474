"""The command `xnornode`.

What it needs is imported in `main`, so that Ctrl-C has the same effect from the first moment.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

# Before NumPy: networks of this size gain nothing from BLAS threads, and lose much on busy cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

MODULES = {
    "studio": "studio",
    "record": "record",
    "data": "data",
    "convert": "convert",
    "train": "train",
    "search": "search",
    "info": "info",
    "flash": "flash",
    "update": "update",
    "sensor": "sensor",
    "keep": "keep",
    "collect": "collect",
    "push": "models",
    "list": "models",
    "rollback": "models",
    "name": "name",
    "monitor": "monitor",
    "doctor": "doctor",
    "key": "doctor",
    "guard": "guard",
    "gateway": "gateway",
    "fleet": "fleet",
}
"""Where each command is. A push does not wait for the trainer to be imported."""

STOPPED = {"gateway": "", "fleet": "; what the broker was told before stays there"}
"""What a Ctrl-C leaves, of commands that write no file."""

EPILOG = """\
examples:
  xnornode record data --label wave    record a node's sensor
  xnornode train watch -o watch.bnn    train an example set
  xnornode push watch.bnn              put the model on a node
  xnornode monitor                     show what the node predicts

`xnornode COMMAND --help` says more about a command.
exit status: 0 done, 1 failed (the message says what to do), 2 wrong usage
"""


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    import argparse
    from importlib import import_module

    from xnornode import __version__
    from xnornode.cli.command import Parser

    parser = Parser(
        prog="xnornode",
        description="Train binary neural networks on a PC, and run them on MicroPython sensor "
        "nodes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"xnornode {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    named = MODULES.get(arguments[0]) if arguments else None
    for module in [named] if named else dict.fromkeys(MODULES.values()):
        import_module(f"xnornode.cli.{module}").add_parsers(commands)
    return parser


def _name_sharer(command: str) -> None:
    """Who shares a port with this command is told its name, and its user is told of them."""
    from xnornode.cli.output import say
    from xnornode.link import share_talk

    share_talk.program = f"xnornode {command}"
    share_talk.say = say


def _is_windows_broken_pipe(error: OSError) -> bool:
    import errno

    return sys.platform == "win32" and error.errno == errno.EINVAL and not error.filename


def _why(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else f"reading or writing failed: {what}"


def _flush() -> None:
    if sys.stdout:  # it may have been closed from the start
        sys.stdout.flush()


def _drop_output() -> None:
    """Nothing is left to write at exit, when Python flushes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed with a message, 2 wrong usage."""
    interrupts: list[int] = []
    _count_interrupts(interrupts)
    from xnornode.cli.talk import Session

    with Session() as session:
        session.status = _interruptible(arguments, interrupts)
    return session.status


def _interruptible(arguments: Sequence[str] | None, interrupts: list[int]) -> int:
    """The exit status, of a Ctrl-C too."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        return _main(given)
    except KeyboardInterrupt:
        return _stopped(given)
    except Exception:
        if not interrupts:
            raise
        return _stopped(given)  # a library, such as NumPy at its import, made another error of it


def _count_interrupts(interrupts: list[int]) -> None:
    """Have each Ctrl-C noted, beside the KeyboardInterrupt that it raises."""
    import signal

    def interrupt(number: int, _: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    ours: list[object] = [signal.default_int_handler]  # else it is somebody else's
    if os.environ.get("XNORNODE_JOB"):  # ignored where a shell has put the studio aside with `&`
        ours.append(signal.SIG_IGN)
    if signal.getsignal(signal.SIGINT) in ours:
        try:
            signal.signal(signal.SIGINT, interrupt)
            if sent := getattr(signal, "SIGBREAK", None):  # what reaches a group of Windows
                signal.signal(sent, interrupt)
        except ValueError:
            pass  # not the main thread, which alone is interrupted


def _stopped(arguments: Sequence[str]) -> int:
    text = "; nothing was written"
    if arguments and arguments[0] in STOPPED:
        text = "" if arguments[1:2] == ["status"] else STOPPED[arguments[0]]
    print(f"xnornode: stopped{text}", file=sys.stderr)
    return 1


def _main(arguments: Sequence[str]) -> int:
    import io
    import shlex

    from xnornode.cli.output import say_error
    from xnornode.errors import XnorNodeError

    if isinstance(sys.stdout, io.TextIOWrapper):  # Windows' code pages lack much of what data hold
        sys.stdout.reconfigure(errors="backslashreplace")
    options, unknown = _parser(arguments).parse_known_args(arguments)
    if unknown:  # said with the usage of the command, not of `xnornode`
        options.wrong_usage(f"unrecognized arguments: {' '.join(unknown)}")
    options.said = shlex.join(["xnornode", *arguments])
    _name_sharer(options.command)
    try:
        status: int = options.run(options)
        _flush()
    except XnorNodeError as error:
        say_error(str(error))
        return 1
    except MemoryError:
        say_error(
            "this computer's memory is too small for that: take a smaller network, or fewer data"
        )
        return 1
    except OSError as error:
        if not (isinstance(error, BrokenPipeError) or _is_windows_broken_pipe(error)):
            say_error(_why(error))
        try:
            _flush()
        except OSError:  # full; or whoever read it, such as `head`, has had enough
            _drop_output()
        return 1
    return status
