# Runs in MicroPython: the Classifier's windows. Prints [samples fed, scores] at each prediction.
import sys

from xnornode import Classifier


def main(path):
    clf = Classifier(path)
    channels = len(clf.model.channels)
    fed = 0
    for _ in range(2):
        clf.feed(None)
        for _ in range(clf.model.length * 3 + 1):
            fed += 1
            p = clf.feed([(37 * fed + 11 * c) % 4001 - 2000 for c in range(channels)])
            if p:
                assert p.label == clf.model.labels[p.index]
                assert p.us == p.microseconds >= 0
                print([fed, list(p.scores)])
    for wrong in ((1,) * (channels + 1), ()):
        try:
            clf.feed(wrong)
        except ValueError as error:
            assert clf.model.channels[0] in str(error)
        else:
            raise AssertionError(f"a sample of {len(wrong)} values was taken")


main(sys.argv[1])
