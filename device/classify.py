"""Classify sensor samples, print a line of JSON for each prediction, and take new models meanwhile.

    mpremote run device/classify.py

docs/reference/lines.md has the lines, docs/reference/protocol.md what the PC may say. As /main.py
on the node it starts with the power (`xnornode flash --autostart`). The sensor is a recording in
the node's flash, at the rate it was recorded; as fast as it can:

    mpremote exec "REALTIME = False" run device/classify.py

For your own sensor, put in place of Replay whatever yields one sample after the other, each a
tuple of integers in the model's scale, or None where samples were lost.
"""

from xnornode import Classifier, Link
from xnornode.events import emit
from xnornode.model_store import Store
from xnornode.replay import Replay

MODELS = "/models"
MODEL = "/model.bnn"  # of nodes that were set up before there was a store
RECORDINGS = "/recordings"
REALTIME = globals().get("REALTIME", True)
REPEAT = globals().get("REPEAT", False)


def main() -> None:
    try:
        classifier = Classifier(Store(MODELS, MODEL))
    except (OSError, ValueError, MemoryError) as error:
        emit("error", error=f"{error}; push a model with `xnornode push`")
        return
    link = Link(classifier)
    source = Replay(RECORDINGS, REALTIME, link.step)
    try:
        again = True
        while again:
            for sample in source:
                if sample is None:
                    link.source(source.name)
                prediction = classifier.feed(sample)
                if prediction:
                    link.prediction(prediction)
                link.step()
            again = REPEAT
    except (OSError, ValueError) as error:
        emit("error", error=f"{RECORDINGS}: {error}; install it with `xnornode flash --recording`")
        return
    except KeyboardInterrupt:
        pass
    finally:
        link.close()
    link.end()


main()
