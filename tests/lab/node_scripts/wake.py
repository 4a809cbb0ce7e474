# Runs in MicroPython: a keyword's events: wake.py MODEL SAMPLES. Prints for each event how many
# samples were fed, and its label.
import sys
from array import array

from xnornode import Classifier


def main(path, samples):
    clf = Classifier(path)
    fed = 0
    with open(samples, "rb") as file:
        while block := file.read(2048):
            for sample in array("h", block):
                fed += 1
                p = clf.feed((sample,))
                if p and p.detected:
                    print(fed, p.answer)


main(*sys.argv[1:])
