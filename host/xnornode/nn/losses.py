"""Losses on logits (n, classes): each gives the batch's mean and its gradient by the logits."""

import numpy as np

from xnornode._typing import Float, Labels

# A gradient below this moves nothing, but in products it would become denormal (see optimizers).
TINY = np.float32(1e-9)

LOSSES = ("cross-entropy", "squared-hinge")


def targets(
    labels: Labels, classes: int, smoothing: float = 0.0, shares: Float | None = None
) -> Float:
    """Rows that sum to 1, float32 (n, classes): the label's class, and a share for all alike.

    smoothing: that share (Szegedy et al., "Rethinking the inception architecture for computer
    vision", CVPR 2016). shares: the rest of the target of each label, float32 (classes, classes),
    by default all for its class (`ordered.target_shares`).
    """
    target = np.full((len(labels), classes), smoothing / classes, np.float32)
    if shares is None:
        target[np.arange(len(labels)), labels] += np.float32(1 - smoothing)
    else:
        target += np.float32(1 - smoothing) * shares[labels]
    return target


def log_softmax(logits: Float) -> Float:
    """log(softmax(logits)) over the classes."""
    logs = logits - logits.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return logs


def cross_entropy(
    logits: Float, target: Float, weights: Float | None = None
) -> tuple[float, Float]:
    """Cross-entropy of softmax(logits) with the target's shares.

    weights: float32 (n,), how much each row counts, 1 in the mean.
    """
    logs = log_softmax(logits)
    grad: Float = np.exp(logs) - target
    losses = -(target * logs).sum(axis=1)
    return _mean(losses, grad, weights)


def squared_hinge(
    logits: Float, target: Float, weights: Float | None = None
) -> tuple[float, Float]:
    """Squared hinge max(0, 1 - t y)^2 with t = -1 or +1 for each class (Hubara et al. 2016)."""
    t = 2 * target - 1
    short = np.maximum(1 - t * logits, 0)
    return _mean(np.square(short).sum(axis=1), -2 * t * short, weights)


def distillation(logits: Float, teacher: Float, temperature: float) -> tuple[float, Float]:
    """T^2 KL(softmax(teacher / T), softmax(logits / T)).

    Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015.
    """
    t = np.float32(temperature)
    wanted = log_softmax(teacher / t)
    logs = log_softmax(logits / t)
    shares = np.exp(wanted)
    losses = t * t * (shares * (wanted - logs)).sum(axis=1)
    return _mean(losses, t * (np.exp(logs) - shares), None)


def _mean(losses: Float, grad: Float, weights: Float | None) -> tuple[float, Float]:
    if weights is not None:
        losses = losses * weights
        grad = grad * weights[:, None]
    grad = grad / np.float32(len(grad))
    grad[np.abs(grad) < TINY] = 0
    return float(losses.mean()), grad
