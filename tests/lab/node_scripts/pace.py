# Runs in MicroPython: whether a node takes models for trial, by how much time a window has.
import sys

from xnornode.model_manager import ModelManager
from xnornode.model_store import Store
from xnornode.push import Refused

models = ModelManager(Store(sys.argv[1]))
for path in sys.argv[2:]:
    with open(path, "rb") as f:
        data = f.read()
    try:
        models.load(bytearray(data), "")
        print("ok")
    except Refused as error:
        print(error.name, error.message)
