"""The errors that XnorNode raises for a user's input; each message says what to do."""

from typing import Literal

Action = Literal["", "flash", "update", "sensor", "push", "train", "reset", "port"]
"""What settles a problem with a node, for programs: `xnornode flash`, `update`, `sensor` or `push`,
a smaller model (`train`), the option --reset, another --port. Empty: nothing of these."""


class XnorNodeError(ValueError):
    """Base of every error that bad input causes; the command line shows it without a traceback.

    Examples
    --------
    >>> from xnornode import Dense, XnorNodeError
    >>> try:
    ...     Dense(0)
    ... except XnorNodeError as error:
    ...     print(error)
    a layer's width must be at least 1, not 0
    """


class ModelError(XnorNodeError):
    """A model that the format does not allow.

    Parameters
    ----------
    reason : str
        One of the names in FORMAT.md, "Order of checks". The C loader gives the same one.
    message : str
        What is wrong, where, and what to do.

    Examples
    --------
    >>> from xnornode import ModelError, push
    >>> try:
    ...     push("/dev/ttyACM0", bytes(100))
    ... except ModelError as error:
    ...     print(error.reason, "-", error)
    magic - this is not a .bnn model file
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DataError(XnorNodeError):
    """Recordings, windows, labels or settings that cannot be used.

    Examples
    --------
    >>> from xnornode import DataError, TrainConfig
    >>> try:
    ...     TrainConfig(epochs=0)
    ... except DataError as error:
    ...     print(error)
    epochs must be at least 1, not 0
    """


class LinkError(XnorNodeError):
    """A board that cannot be reached or does not answer as it should.

    Parameters
    ----------
    message : str, default ""
        What is wrong, where, and what to do.
    action : str, default ""
        What settles it, one of `Action`.

    Examples
    --------
    >>> from xnornode import LinkError, LinkLost, NodeError
    >>> issubclass(LinkLost, LinkError) and issubclass(NodeError, LinkError)
    True
    """

    def __init__(self, message: str = "", action: Action = "") -> None:
        super().__init__(message)
        self.action = action


class LinkLost(LinkError):
    """A port that went away, or a node that has fallen silent, in the middle of something.

    Examples
    --------
    >>> from xnornode import LinkLost, Monitor
    >>> try:  # doctest: +SKIP
    ...     with Monitor("/dev/ttyACM0") as node:
    ...         print(next(iter(node)).label)
    ... except LinkLost as error:
    ...     print(error)
    """


REMEDIES = {
    "flash": "remove files from the node (mpremote fs rm)",
    "ram": "train a smaller model, or stop what else runs on the node",
    "model": "train it again with this version, or bring the node's firmware up to date",
    "unsigned": "sign it with --key FILE, the key that `xnornode key` has put on the node; if you "
    "did, bring the node's library up to date with `xnornode flash`",
    "unknown": "bring the node's library up to date with `xnornode update`",
    "internal": "try again; if it fails again, restart the node",
    "signature": "sign it with the key that the node has (--key FILE)",
    "revision": "give the new model a higher one (`xnornode train --revision N`)",
    "protocol": "bring the node's library up to date with `xnornode flash`",
    "replaced": "another program pushes to this node, and the one that began last goes on",
    "busy": "wait until that is done, and try again",
    "not_allowed": "use the node's own port, or see docs/guides/network.md",
    "no_model": "see `xnornode list`",
    "sensor": "say which sensor the node has, with `xnornode sensor`; a program of your own "
    "names its sensor with `link.reads(sensor)`",
    "locked": "hold the pin of `--lock-repl` while the board starts, and record then",
}
"""What to do about a node's refusals."""


ACTIONS: dict[str, Action] = {
    "ram": "train",
    "model": "update",
    "protocol": "update",
    "sensor": "sensor",
    "unknown": "update",
}
"""What settles a node's refusals, where it is one of `Action`."""


class NodeError(LinkError):
    """A command that the node refuses; its model stays.

    Parameters
    ----------
    name : str
        One of the names in docs/reference/protocol.md, "Errors".
    message : str, default ""
        What the node says about it.

    Examples
    --------
    >>> from xnornode import NodeError
    >>> print(NodeError("revision"))  # doctest: +NORMALIZE_WHITESPACE
    the node refuses (revision);
    give the new model a higher one (`xnornode train --revision N`)
    """

    def __init__(self, name: str, message: str = "") -> None:
        self.name, self.message = name, message
        text = f"the node refuses ({name})"
        if message:
            text += f": {message}"
        if name in REMEDIES:
            text += f"; {REMEDIES[name]}"
        super().__init__(text, ACTIONS.get(name, ""))
