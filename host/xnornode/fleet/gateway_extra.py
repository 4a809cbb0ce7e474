"""What the gateway's process runs beside the gateway: updates, hours, discovery."""

from __future__ import annotations

from typing import Protocol

from xnornode.fleet.payloads import State
from xnornode.link.messages import Event


class Extra(Protocol):
    """A part that watches nodes, and publishes more about them.

    A gateway with extras calls all of these in one thread, its own. None of them may wait, except
    for `close`. Each node is one that the gateway carries, or with `native` one that speaks MQTT
    itself. What an extra raises is said once and counted; the gateway goes on.
    """

    def connected(self) -> None:
        """The broker is there: at the start, and after each break. Subscriptions are made."""

    def state(self, node: str, state: State) -> None:
        """A node's state was published, by this gateway or by a node that speaks MQTT itself.

        Parameters
        ----------
        node : str
            Its name.
        state : State
            What was said.
        """

    def event(self, node: str, event: Event, time: int, session: str | None) -> None:
        """A node has said something that is no answer.

        Parameters
        ----------
        node : str
            Its name.
        event : Event
            A prediction, `ready`, `error` or any other one, except for samples.
        time : int
            When it came, in milliseconds since 1970.
        session : str or None
            The random word of the node's program, where it is known.
        """

    def gone(self, node: str) -> None:
        """A node that was there is so no longer: its port, or its gateway's will."""

    def step(self) -> None:
        """Once a second."""

    def close(self) -> None:
        """The gateway ends. The broker may still be there."""
