"""The report as one HTML page that needs nothing else: no script, no font, no picture beside it."""

from math import log
from typing import Any

from xnornode._extras import load_extra
from xnornode.report.charts import bars, heat_map, line_chart
from xnornode.report.metrics import Report
from xnornode.report.units import cost_rows, energy, share, time


def to_html(report: Report, template: str = "report.html", **more: Any) -> str:
    """The report as an HTML page.

    Parameters
    ----------
    report : Report
        The figures. Jinja2 escapes all text in them, since it comes from data.
    template : str, default "report.html"
        A file of the folder `templates`.
    **more
        What the template shows besides the report.

    Returns
    -------
    str
        The page, one file without scripts and external files.

    Raises
    ------
    XnorNodeError
        Jinja2 is not installed.
    """
    jinja2 = load_extra("jinja2", "report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("xnornode.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": "{:,}".format, "percent": "{:.1%}".format, "time": time}
    page: str = environment.get_template(template).render(r=report, **_parts(report), **more)
    return page


def _parts(r: Report) -> dict[str, Any]:
    """Charts and rows of tables, by their names in the template."""
    series = [("training", "one", [e.accuracy for e in r.history])]
    if validation := [e.validation for e in r.history if e.validation is not None]:
        series.append(("validation", "two", validation))
    found = [(c.label, c.recall or 0.0, f"{share(c.recall)} of {c.windows:,}") for c in r.classes]
    variants = r.cost.variants
    least, most = (end(v.bytes for v in variants) for end in (min, max))
    # Sizes are a hundred times apart, so lengths are logarithms; the least has some length too.
    lengths = [log(2 * v.bytes / least) / log(2 * most / least) for v in variants]
    return {
        "curve": line_chart(series, r.best_epoch, "accuracy over epochs"),
        "matrix": heat_map(r.labels, r.confusion, "confusion matrix"),
        "recalls": bars(found, "recall"),
        "classes": [
            (c.label, f"{c.windows:,}", share(c.recall), share(c.precision)) for c in r.classes
        ],
        "groups": bars(
            [(g.group, g.accuracy, f"{g.accuracy:.1%} of {g.windows:,}") for g in r.groups],
            "accuracy on held-out groups",
        ),
        "costs": cost_rows(r.cost),
        "sizes": bars(
            [(v.kind, x, f"{v.bytes:,} bytes") for v, x in zip(variants, lengths, strict=True)],
            "bytes",
        ),
        "variants": [
            (v.kind, f"{v.bytes:,}", f"{v.macs:,}", energy(v.nanojoules)) for v in variants
        ],
    }
