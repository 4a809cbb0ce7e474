"""Where the files are that the page is made of, with the library that draws its charts.

The charts' library is others' work, so it is not among the sources: a checkout has it in its build
folder, an installed package carries it.
"""

from pathlib import Path

from xnornode.errors import XnorNodeError

WEB = Path(__file__).with_name("web")
CHARTS = ("uPlot.esm.js", "uPlot.min.css", "LICENSE")
"""Files of uPlot, as the server has them at /vendor/uplot/."""

_CARRIED = WEB / "vendor"
_CHECKOUT = Path(__file__).resolve().parents[3] / "build" / "web-vendor"
INSTALLED = _CARRIED.is_dir()
VENDOR = _CARRIED if INSTALLED else _CHECKOUT


def vendor() -> Path:
    """The folder of others' files, one folder for each library in it.

    Returns
    -------
    Path
        It has ``uplot/`` with `CHARTS`.

    Raises
    ------
    XnorNodeError
        A file is missing; the text says which, and the remedy.

    Examples
    --------
    >>> [path.name for path in vendor().iterdir()]  # doctest: +SKIP
    ['uplot']
    """
    for name in CHARTS:
        path = VENDOR / "uplot" / name
        if not path.is_file():
            remedy = "install xnornode again" if INSTALLED else "get it with `make setup`"
            raise XnorNodeError(f"there is no {path}, which draws the charts: {remedy}")
    return VENDOR
