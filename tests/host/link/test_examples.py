"""The examples in the docstrings that need no board; those that need one are marked."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import xnornode.link

pytestmark = pytest.mark.quick

MODULES = [f"xnornode.link.{found.name}" for found in pkgutil.iter_modules(xnornode.link.__path__)]


@pytest.mark.parametrize("module", [*MODULES, "xnornode.board.install"])
def test_examples(module):
    assert doctest.testmod(import_module(module)).failed == 0
