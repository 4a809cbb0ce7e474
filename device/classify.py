"""Classify sensor samples and print a line of JSON for each prediction (docs/lines.md).

    mpremote run device/classify.py

The sensor is a recording in the node's flash, at the rate it was recorded; as fast as it can:

    mpremote exec "REALTIME = False" run device/classify.py

For your own sensor, put in place of Replay whatever yields one sample after the other, each a
tuple of integers in the model's scale, or None where samples were lost.
"""

from xnornode import Classifier
from xnornode.lines import Lines, emit
from xnornode.replay import Replay

MODEL = "/model.bnn"
RECORDINGS = "/recordings"
REALTIME = globals().get("REALTIME", True)


def main() -> None:
    try:
        classifier = Classifier(MODEL)
    except (OSError, ValueError) as error:
        emit("error", error=f"{MODEL}: {error}; install one with tools/flash.py --model")
        return
    lines = Lines(classifier)
    source = Replay(RECORDINGS, REALTIME)
    try:
        for sample in source:
            if sample is None:
                lines.source(source.name)
            prediction = classifier.feed(sample)
            if prediction:
                lines.prediction(prediction)
    except (OSError, ValueError) as error:
        emit("error", error=f"{RECORDINGS}: {error}; install it with tools/flash.py --recording")
        return
    except KeyboardInterrupt:
        pass
    lines.end()


main()
