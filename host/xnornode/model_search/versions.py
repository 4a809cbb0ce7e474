"""Versions on which the result of a training depends: they must agree wherever one is trained."""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from xnornode._version import __version__
from xnornode.errors import XnorNodeError

Versions = Mapping[str, str]
"""By the name of the package."""


def versions_here() -> dict[str, str]:
    """Those of this process.

    Examples
    --------
    >>> sorted(versions_here())
    ['numpy', 'xnornode']
    """
    return {"xnornode": __version__, "numpy": np.__version__}


def processor_here() -> str:
    """What decides on the rounding of sums in this process, as text to compare."""
    from threadpoolctl import threadpool_info

    found: Any = np.show_config(mode="dicts")
    blas = {str(about.get("architecture")) for about in threadpool_info()}
    return f"{platform.machine()} {found['SIMD Extensions'].get('found')} {sorted(blas)}"


def check_versions(here: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise XnorNodeError where those of another process differ from those of this one.

    Parameters
    ----------
    here : dict of str to str
        By the name of the package; others than xnornode and numpy are not looked at.
    others : dict of str to dict
        Likewise, by the name of the process. None as a version: it has no such package.

    Examples
    --------
    >>> check_versions({"numpy": "2.4.0"}, {"worker a": {"numpy": "2.3.1"}})
    Traceback (most recent call last):
    xnornode.errors.XnorNodeError: worker a has numpy 2.3.1, not 2.4.0 as here: install that there
    """
    faults = []
    for name, found in others.items():
        for package in ("xnornode", "numpy"):
            own, other = here.get(package), found.get(package)
            if own != other:
                has = f"has {package} {other or 'of no version'}"
                faults.append(f"{name} {has}, not {own or 'none'} as here")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise XnorNodeError(f"{faults[0]}{more}: install that there")
