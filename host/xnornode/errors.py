"""The errors that XnorNode raises for a user's input; each message says what to do."""

from typing import Any


class XnorNodeError(ValueError):
    """Base of every error that bad input causes; the command line shows it without a traceback."""


class ModelError(XnorNodeError):
    """A model that the format does not allow.

    `reason` is one of the names in FORMAT.md, "Order of checks": the C loader gives the same one.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DataError(XnorNodeError):
    """Recordings, windows or labels that cannot be used."""


class LinkError(XnorNodeError):
    """A board that cannot be reached or does not answer as it should."""


class LinkLost(LinkError):
    """A port that went away, or a node that has fallen silent, in the middle of something."""


class NodeError(LinkError):
    """A command that the node refuses. `name` is one of docs/protocol.md, "Errors"."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.name = str(answer["error"])
        super().__init__(str(answer.get("message", self.name)))
        self.answer = answer
