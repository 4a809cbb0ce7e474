"""Whether predictions agree with the labels that the node has announced. No port, no clock."""

from xnornode.link.messages import Event, Hello, Prediction, Ready
from xnornode.link.schema import LONGEST_LIST


class LabelCheck:
    """Compares each prediction with the last `ready`. Each disagreement is told once.

    Examples
    --------
    >>> check = LabelCheck()
    >>> ready = dict(session="s", seq=0, bnn="", firmware="", machine="", model="watch", revision=1)
    >>> ready |= dict(model_crc="0" * 8, bytes=9, labels=("rest", "walk"), ram=9, note="")
    >>> check.heard(Ready(**ready))
    ''
    >>> odd = Prediction(seq=0, ms=1, label="fly", index=0, scores=(3, 1), us=9)
    >>> check.heard(odd)
    'the label fly is not one of the model watch (rest, walk): did a `ready` get lost?'
    >>> check.heard(odd)
    ''
    """

    def __init__(self) -> None:
        self._ready: Ready | None = None
        self._told: set[tuple[str, int, int]] = set()

    def heard(self, event: Event) -> str:
        """Take an event.

        Parameters
        ----------
        event : Event
            Of any kind, in the order in which they came.

        Returns
        -------
        str
            How a prediction disagrees with the last `ready`. Empty if it agrees, if no `ready` has
            come, and if the same has been told of this label.
        """
        ready = self._ready
        match event:
            case Ready():
                self._ready, self._told = event, set()
            case Hello(model=model) if ready and model:
                if (model.name, model.revision) != (ready.model, ready.revision):
                    self._ready = None  # another model, whose `ready` did not come
            case Prediction(label=label, index=index, scores=scores) if ready:
                known = (label, index, len(scores))
                if known in self._told or len(self._told) >= LONGEST_LIST:
                    return ""
                if problem := _problem(event, ready):
                    self._told.add(known)
                    return f"{problem}: did a `ready` get lost?"
        return ""


def _problem(prediction: Prediction, ready: Ready) -> str:
    """How a prediction disagrees with a model's labels; empty if it agrees."""
    label, labels, scores = prediction.label, ready.labels, len(prediction.scores)
    if label not in labels:
        return f"the label {label} is not one of the model {ready.model} ({', '.join(labels)})"
    if scores != len(labels):
        return f"a prediction has {scores} scores, the model {ready.model} has {len(labels)} labels"
    if labels[prediction.index] != label:
        return f"the label {label} is not class {prediction.index} of the model {ready.model}"
    return ""
