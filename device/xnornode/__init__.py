"""XnorNode on the node: classify sensor samples with a binary neural network."""

import gc
import sys

import bnn

if not hasattr(bnn, "Window"):
    raise ImportError(f"bnn {bnn.__version__} is too old for this library: run `xnornode flash`")

# What stays lies side by side, so that a model has room in one piece.
_before = gc.threshold()
gc.threshold(4096)

from xnornode.classifier import Classifier, Prediction  # noqa: E402

# Old names of modules, for programs of a node with version 0.1: to be taken out in 0.3.
sys.modules["xnornode.store"] = sys.modules["xnornode.model_store"]
try:
    from xnornode.link import Link

    sys.modules["xnornode.lines"] = sys.modules["xnornode.events"]
except ImportError:  # a port without `select` takes no pushes, and classifies all the same
    pass
gc.threshold(_before)

__version__ = "0.2.0"  # as the PC's
__all__ = ["Classifier", "Link", "Prediction"]
