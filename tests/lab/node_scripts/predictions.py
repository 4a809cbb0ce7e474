# Runs in MicroPython: predictions with answers, of Classifier or of Background: predictions.py
# HOW MODEL OTHER COUNT. COUNT samples, a gap, COUNT more, another model, COUNT more. Prints a tuple
# for each prediction. COUNT ends with a window, which Background is then still classifying.
import sys

from xnornode import Classifier, second_core
from xnornode.classifier import thousandths


def show(p):
    if p:
        # MicroPython prints no float to the last digit
        sure = None if p.confidence is None else thousandths(p.confidence)
        row = [p.label, p.index, list(p.scores), p.likely, sure]
        row.extend((p.unknown, p.detected, p.answer, str(p)))
        print(tuple(row))
        assert repr(p) == f"<Prediction: {p}>"


def main(how, path, other, count):
    clf = second_core.Background(path) if how == "background" else Classifier(path)
    channels = range(len(clf.model.channels))
    fed = 0
    for part in range(3):
        for left in reversed(range(int(count))):
            fed += 1
            show(clf.feed([(37 * fed * fed + 11 * c) % 4001 - 2000 for c in channels]))
            if how == "background" and (left or part):
                show(clf.finish())
        if part == 0:
            show(clf.feed(None))
        if part == 1:
            clf.swap(Classifier(other))
    if how == "background":
        assert clf.missed == 0
        clf.close()


main(*sys.argv[1:])
