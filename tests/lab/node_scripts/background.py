# Runs in MicroPython: Background beside Classifier, on the same samples, while the first thread
# litters the heap and collects it. Prints [windows, predictions, missed, wrong].
import gc
import sys

import micropython

from xnornode import Classifier, second_core

MODEL, SAMPLES, PATIENT = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "patient"
SWAPS = sys.argv[4:] == ["swaps"]
work = second_core.work


def work_without_heap(job, given, done):
    """Any allocation by the second thread becomes a MemoryError, which `feed` raises."""
    micropython.heap_lock()
    work(job, given, done)


def litter(n):
    kept = [[i, str(i), bytearray(i % 97)] for i in range(n % 29)]
    if n % 5 == 0:
        gc.collect()
    return kept


def main():
    second_core.work = work_without_heap
    there = second_core.Background(MODEL)
    here = Classifier(MODEL)
    channels = range(len(here.model.channels))
    expected = []  # scores of the windows that were not missed, until they come
    windows = predictions = wrong = 0

    def compare(prediction):
        nonlocal predictions, wrong
        if prediction:
            predictions += 1
            if list(prediction.scores) != expected.pop(0):
                wrong += 1

    for n in range(SAMPLES):
        if SWAPS and n % 1000 == 999:
            compare(there.finish())
            there.swap(Classifier(MODEL))
            here.swap(Classifier(MODEL))
        sample = [(37 * n * n + 11 * c) % 4001 - 2000 for c in channels]
        missed = there.missed
        reference = here.feed(sample)
        if PATIENT and reference:
            compare(there.finish())
        prediction = there.feed(sample)
        if prediction:
            compare(prediction)
        if reference:
            windows += 1
            if there.missed == missed:
                expected.append(list(reference.scores))
        litter(n)
    compare(there.finish())
    assert not expected and there.finish() is None
    there.close()
    print([windows, predictions, there.missed, wrong])


main()
