#!/usr/bin/env python3
"""Set a board up, as `xnornode flash` does: firmware, the node's library, model, recordings."""

import sys

from xnornode.cli.flash import main

if __name__ == "__main__":
    sys.exit(main())
