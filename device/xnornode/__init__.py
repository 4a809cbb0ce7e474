"""XnorNode on the node: classify sensor samples with a binary neural network."""

from xnornode.classifier import Classifier, Prediction
from xnornode.link import Link

__version__ = "0.1.0"
__all__ = ["Classifier", "Link", "Prediction"]
