"""What pages send, checked, and what they get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from xnornode.errors import XnorNodeError

LONGEST_BODY = 4 << 20
"""Bytes of a request's JSON at most. Files come another way."""


LARGEST = 1 << 53
"""Integers below it are taken for a float: each of them is one."""


class BadRequest(XnorNodeError):
    """A request that no page of ours makes."""


def answer(content: Any, status: int = 200) -> web.Response:
    """A response in JSON."""
    text = json.dumps(content, allow_nan=False)
    return web.Response(text=text, content_type="application/json", status=status)


async def read_json(request: web.Request, keys: dict[str, Any]) -> dict[str, Any]:
    """The keys of a request's JSON object.

    Parameters
    ----------
    request : web.Request
        The request.
    keys : dict of str to type, or to tuple of type and default
        Which keys it has, and of which type. A key with a default may be missing. An integer is
        taken for a float.

    Returns
    -------
    dict
        All keys; further ones of the request are left out.

    Raises
    ------
    BadRequest
        If it is no such object.
    """
    if request.content_type != "application/json":
        raise BadRequest("the request is not JSON")
    try:
        content = json.loads(await request.text())
    except (ValueError, LookupError, RecursionError) as error:  # LookupError: of its charset
        raise BadRequest("the request is not JSON") from error
    if not isinstance(content, dict):
        raise BadRequest("the request is no JSON object")
    found = {}
    for name, wanted in keys.items():
        kind, *default = wanted if isinstance(wanted, tuple) else (wanted,)
        if name not in content and default:
            found[name] = default[0]
            continue
        value = content.get(name)
        if default and value is None and default[0] is None:
            found[name] = None
            continue
        if kind is float and type(value) is int and abs(value) < LARGEST:
            value = float(value)
        if type(value) is not kind:
            raise BadRequest(f"the request's {name} is no {kind.__name__}")
        found[name] = value
    return found


@contextmanager
def reading_form() -> Iterator[None]:
    """While a form with files is read: what is wrong with it becomes a BadRequest."""
    try:
        yield
    except XnorNodeError:
        raise
    except (HttpProcessingError, ValueError, LookupError, AssertionError, EOFError) as error:
        raise BadRequest("the form is damaged: choose the files again") from error


def query_number(
    request: web.Request, name: str, default: int, least: int = 0, most: int = 1 << 40
) -> int:
    """An integer of the address, within limits. Raises BadRequest."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most):
        raise BadRequest(f"{name} is no number from {least} to {most}")
    return int(text)
