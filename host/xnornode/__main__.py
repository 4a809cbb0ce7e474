"""`python -m xnornode` and the command `xnornode` begin here, before anything else is imported."""

import sys


def main() -> int:
    """The exit status. Ctrl-C while the command is imported ends it as later on."""
    try:
        from xnornode.cli.main import main as command

        return command()
    except KeyboardInterrupt:
        print("xnornode: stopped; nothing was written", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
