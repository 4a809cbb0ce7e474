"""XnorNode on the node: classify sensor samples with a binary neural network."""

from xnornode.classifier import Classifier, Prediction

try:  # noqa: SIM105 - there is no contextlib on the node
    from xnornode.link import Link
except ImportError:  # a port without `select` takes no pushes, and classifies all the same
    pass

__version__ = "0.1.0"
__all__ = ["Classifier", "Link", "Prediction"]
