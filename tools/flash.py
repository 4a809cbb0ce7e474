#!/usr/bin/env python3
"""`xnornode flash`, in a checkout: set a board up."""

import sys

from xnornode.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["flash", *sys.argv[1:]]))
