"""Packages that come with an extra of xnornode."""

from importlib import import_module
from typing import Any

from xnornode.errors import XnorNodeError


def load_extra(module: str, extra: str) -> Any:
    """Import a module that an extra brings. Raises XnorNodeError that names the extra.

    Examples
    --------
    >>> load_extra("json", "datasets").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("PIL", "Pillow")
        raise XnorNodeError(f'{package} is missing: pip install "xnornode[{extra}]"') from error
