"""The public interface: its names, what an import loads, and that its docstrings are whole."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import xnornode

pytestmark = pytest.mark.quick

PUBLIC = [
    "Budget", "Classifier", "Conv", "DataError", "Dataset", "Dense", "LinkError", "LinkLost",
    "Model", "ModelError", "Monitor", "NodeError", "Port", "PrepareOptions", "ReadOptions",
    "Seconds", "SoundAugment", "Splits", "TrainConfig", "Understood", "XnorClassifier",
    "XnorNodeError", "default_config", "estimate", "fold", "from_windows", "load_dataset",
    "load_model", "prepare", "push", "save_model", "search", "train", "understand",
]  # fmt: skip
SOURCE = Path(xnornode.__file__)
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(SOURCE.parents[1]).with_suffix("").parts)
    for path in SOURCE.parent.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_names_are_these_and_resolve():
    assert xnornode.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(xnornode, name).__name__ == name
        assert name in dir(xnornode)


def test_wrong_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Trainer'"):
        _ = xnornode.Trainer
    with pytest.raises(ImportError, match="cannot import name 'Trainer'"):
        exec("from xnornode import Trainer")


def test_rooms_and_what_type_checkers_read_agree():
    (block,) = [node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If)]
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    checked = {
        alias.name: node.module.removeprefix("xnornode.")
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert checked == xnornode._ROOM_OF
    assert sorted(checked) == sorted(PUBLIC)


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import xnornode", ("numpy", "serial", "xnornode.model", "xnornode.link")),
        ("from xnornode import push, Monitor", ("numpy", "xnornode.model", "xnornode.data")),
        ("from xnornode import Classifier, Model", ("xnornode.data", "xnornode.cost")),
    ],
)
def test_import_loads_only_what_its_name_needs(statement, absent):
    absent = (*absent, "xnornode.nn", "xnornode.training", "rich", "sklearn")
    code = f"{statement}\nimport sys\nprint([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def sections(doc: str) -> dict[str, str]:
    """The numpydoc sections of a docstring by their titles."""
    texts = SECTION.split(doc)
    return dict(zip(texts[1::2], texts[2::2], strict=True))


def documented(section: str) -> dict[str, str]:
    """The names of a section of parameters, and their types; `**options` needs none."""
    names = {}
    for line in section.splitlines():
        if line and not line[0].isspace():
            together, _, kind = line.partition(" : ")
            for name in together.split(", "):
                names[name.strip("*")] = kind or name.count("*") * "*"
    return names


def raises(function: object) -> bool:
    """Whether a function itself raises, not one that it has inside."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]
    except (OSError, TypeError):
        return False
    open_ = list(tree.body[0].body) if isinstance(tree.body[0], ast.FunctionDef) else []
    while open_:
        node = open_.pop()
        if isinstance(node, ast.Raise) and node.exc:
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            open_ += ast.iter_child_nodes(node)
    return False


def faults(where: str, thing: object, doc: str | None, *makers: object) -> Iterator[str]:
    """What is missing in the docstring of a function, or of a class that `makers` make."""
    has = sections(inspect.cleandoc(doc or ""))
    if not doc:
        yield f"{where}: no docstring"
    own = inspect.signature(thing)  # type: ignore[arg-type]
    parameters = [name for name in own.parameters if name not in ("self", "cls")]
    told = documented(has.get("Parameters", ""))
    yield from (f"{where}: {name} is not in Parameters" for name in parameters if name not in told)
    yield from (f"{where}: {name} is no parameter" for name in told if name not in parameters)
    yield from (f"{where}: {name} has no type" for name, kind in told.items() if not kind)
    if not makers:
        answer = own.return_annotation
        silent = answer in (None, "None", inspect.Signature.empty)
        if not silent and not {"Returns", "Yields"} & {*has}:
            yield f"{where}: no Returns"
    if any(raises(f) for f in makers or (thing,)) and "Raises" not in has:
        yield f"{where}: no Raises"


def members(cls: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties that the package gives a class."""
    for base in cls.__mro__:
        if base.__module__.startswith("xnornode"):
            yield from ((n, member) for n, member in vars(base).items() if not n.startswith("_"))


def all_faults(name: str) -> Iterator[str]:
    thing = getattr(xnornode, name)
    if "Examples" not in sections(inspect.getdoc(thing) or ""):
        yield f"{name}: no Examples"
    if not inspect.isclass(thing):
        yield from faults(name, thing, thing.__doc__)
        return
    makers = [vars(thing)[m] for m in ("__init__", "__post_init__") if m in vars(thing)]
    if makers or not issubclass(thing, Exception):
        yield from faults(name, thing, thing.__doc__, *makers or [None])
    for member, value in members(thing):
        where = f"{name}.{member}"
        if isinstance(value, property):
            has = sections(inspect.cleandoc(value.__doc__ or ""))
            if not value.__doc__:
                yield f"{where}: no docstring"
            if raises(value.fget) and "Raises" not in has:
                yield f"{where}: no Raises"
        elif isinstance(value, classmethod | staticmethod):
            yield from faults(where, value.__get__(None, thing), value.__doc__)
        elif inspect.isfunction(value):
            yield from faults(where, value, value.__doc__)


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_are_whole(name):
    assert list(all_faults(name)) == []


def test_check_of_docstrings_finds_what_is_missing():
    def half(one: int, two: int) -> int:
        """Do.

        Parameters
        ----------
        one
            The first.
        """
        if one:
            raise ValueError
        return two

    assert list(faults("half", half, half.__doc__)) == [
        "half: two is not in Parameters",
        "half: one has no type",
        "half: no Returns",
        "half: no Raises",
    ]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_run(module):
    assert doctest.testmod(import_module(module)).failed == 0
