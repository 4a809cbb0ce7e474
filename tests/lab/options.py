"""Options of commands, as the command line reads them, for tests that run a command in-process."""

import argparse

from xnornode.cli import monitor


def monitor_options(*arguments: str) -> argparse.Namespace:
    """The options of `xnornode monitor`."""
    parser = argparse.ArgumentParser()
    monitor.add_parsers(parser.add_subparsers())
    return parser.parse_args(["monitor", *arguments])
