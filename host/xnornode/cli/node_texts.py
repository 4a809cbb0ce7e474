"""A node's prints on stderr: marked, and no more of them than a person can read."""

import time

from xnornode.cli.output import say, say_of_node

LINES = 100
"""Lines that are shown in a second."""
SECOND = 1.0


class NodeTexts:
    """Shows texts, and says how many it left out.

    Parameters
    ----------
    quiet : bool
        Whether to show none.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._since, self._shown, self._skipped = time.monotonic(), 0, 0

    def __call__(self, text: str) -> None:
        """Show a text, if there is room for it in this second."""
        if self._quiet:
            return
        self.step()
        if self._shown < LINES:
            self._shown += text.count("\n") + 1
            say_of_node(text)
        else:
            self._skipped += 1

    def step(self, ends: bool = False) -> None:
        """Say what was left out, once its second is over, or at the end."""
        now = time.monotonic()
        if now - self._since < SECOND and not ends:
            return
        if self._skipped:
            say(f"{self._skipped:,} more prints of the node are not shown")
        self._since, self._shown, self._skipped = now, 0, 0
