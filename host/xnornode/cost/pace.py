"""Whether a node keeps pace with a model: by an estimate, before the model is sent."""

from xnornode.cost.chips import CHIPS
from xnornode.cost.estimate import hop_microseconds
from xnornode.errors import XnorNodeError
from xnornode.model.model import Model

UNKNOWN_HOP_MS = 2000.0  # that a window may take, where its hop is not known in time


def check_pace(model: Model) -> None:
    """Check that a window takes no longer than the next one takes to come.

    Parameters
    ----------
    model : Model
        The model. Without a sample rate, a window may take 2 s.

    Raises
    ------
    XnorNodeError
        A window takes longer on the slowest of `xnornode.cost.chips.CHIPS`.
    """
    w = model.window
    between = 1e6 * w.hop / w.rate_mhz if w.rate_mhz else UNKNOWN_HOP_MS
    slowest = max(CHIPS, key=lambda chip: hop_microseconds(model, chip))
    takes = hop_microseconds(model, slowest) / 1000
    if takes > between:
        raise XnorNodeError(
            f"a window takes some {takes:,.1f} ms on the {slowest.name}, and the next one comes "
            f"after {between:,.1f} ms: train a smaller network, or push with --allow-slow"
        )
