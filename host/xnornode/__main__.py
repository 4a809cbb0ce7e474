"""`python -m xnornode` and the command `xnornode` begin here, before anything else is imported."""

import os
import sys


def main() -> int:
    """The exit status. Ctrl-C while the command is imported ends it as later on."""
    try:
        if "XNORNODE_JOB_FOLDER" in os.environ:  # before all that takes its time
            from xnornode.studio.jobs_process import register

            if not register():
                print('{"error": "it began too late: start it again"}', file=sys.stderr)
                return 1
        from xnornode.cli.main import main as command

        return command()
    except KeyboardInterrupt:
        said = "xnornode: stopped; nothing was written"
        if os.environ.get("XNORNODE_TALK") == "json":  # cli/talk.py may not be there yet
            said = '{"say": "stopped; nothing was written"}\n{"exit": 1}'
        print(said, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
