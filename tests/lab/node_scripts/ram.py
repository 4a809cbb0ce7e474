"""What a model takes of the heap: `ram(path)`, with a Classifier; `ram_of_text(path)`, without."""

import gc

import bnn

from xnornode.classifier import Classifier
from xnornode.model_store import read


def ram(path):
    """Of a model that classifies windows; of the objects in C, by what they say themselves."""
    gc.collect()
    before = gc.mem_alloc()
    made = Classifier(path)
    gc.collect()
    took = gc.mem_alloc() - before
    print(took, made.model.ram, bnn.Answers(made.model).ram)


def ram_of_text(path, length):
    """Of a model, its answers, and a text of so many bytes."""
    gc.collect()
    before = gc.mem_alloc()
    model = bnn.Model(read(path))
    answers = bnn.Answers(model)
    text = bytearray(length)
    gc.collect()
    took = gc.mem_alloc() - before
    print(took, model.ram, answers.ram)
    del text


def spared(texts):
    """Bytes that texts, in UTF-8, take less than others: of its own words a node makes no copy."""
    total = 0
    for data in texts:
        gc.collect()
        before = gc.mem_alloc()
        made = str(data, "utf-8")
        if gc.mem_alloc() == before:
            total += 16 + (len(data) + 16) // 16 * 16
        del made
    print(total)
