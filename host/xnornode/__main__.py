"""`python -m xnornode` is the command `xnornode`."""

import sys

from xnornode.cli.main import main

sys.exit(main())
