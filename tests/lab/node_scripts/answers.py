# Runs in MicroPython: `bnn.Answers` of a model, to the scores in a file, int32 a row. Prints
# [index, confidence, best, detected] for each row, half of the rows before a gap.
import gc
import sys
from array import array

import bnn


def raises(kind, text, call, *args):
    try:
        call(*args)
    except kind as error:
        assert text in str(error), error
        return
    raise AssertionError(f"no {kind.__name__}: {text}")


def main(path, scores_path):
    with open(path, "rb") as f:
        model = bnn.Model(bytearray(f.read()))
    with open(scores_path, "rb") as f:
        data = f.read()
    answers = bnn.Answers(model)
    classes = len(model.labels)
    scores = array("i", bytes(4 * classes))

    raises(TypeError, "bnn.Model", bnn.Answers, None)
    raises(TypeError, "bnn.Model", bnn.Answers, answers)
    raises(TypeError, "array('i')", answers.add, bytes(4 * classes))
    raises(TypeError, "array('i')", answers.add, array("h", range(2 * classes)))
    raises(ValueError, "must hold", answers.add, array("i", range(classes + 1)))
    raises(AttributeError, "", setattr, answers, "best", 0)
    raises(AttributeError, "", getattr, answers, "nothing")

    # Nothing is allocated once they are made.
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        answers.add(scores)
        answers.clear()
    assert gc.mem_alloc() - before < 64, gc.mem_alloc() - before
    gc.enable()

    # They outlive their model.
    del model
    gc.collect()
    kept = [bytes([255] * (size % 64 + 1)) for size in range(4000)]

    rows = len(data) // (4 * classes)
    for row in range(rows):
        if row == rows // 2:
            answers.clear()
        scores = array("i", data[4 * classes * row : 4 * classes * (row + 1)])
        index = answers.add(scores)
        print([index, answers.confidence, answers.best, answers.detected])
    assert kept


main(*sys.argv[1:])
