"""The errors that XnorNode raises for a user's input; each message says what to do."""


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


REMEDIES = {
    "flash": "remove files from the node (mpremote fs rm)",
    "ram": "train a smaller model, or stop what else runs on the node",
    "model": "train it again with this version, or bring the node's firmware up to date",
    "unsigned": "sign it with --key FILE, the key that `xnornode key` has put on the node",
    "signature": "sign it with the key that the node has (--key FILE)",
    "revision": "give the new model a higher one (`xnornode train --revision N`)",
    "protocol": "bring the node's library up to date with `xnornode flash`",
    "replaced": "another program pushes to this node, and the one that began last goes on",
    "no_model": "see `xnornode list`",
}
"""What to do about a node's refusals."""


class NodeError(LinkError):
    """A command that the node refuses; its model stays.

    `name` is one of docs/reference/protocol.md, "Errors"; `message` what the node says of it.
    """

    def __init__(self, name: str, message: str = "") -> None:
        self.name, self.message = name, message
        text = f"the node refuses ({name})"
        if message:
            text += f": {message}"
        if name in REMEDIES:
            text += f"; {REMEDIES[name]}"
        super().__init__(text)
