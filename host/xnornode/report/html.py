"""The report as one HTML page that needs nothing else: no script, no font, no picture beside it."""

from collections.abc import Sequence
from math import log
from typing import Any

from xnornode._extras import load_extra
from xnornode.data.understood import Understood
from xnornode.report.answer_words import answer_rows, threshold_table
from xnornode.report.baseline_words import HEADS as BASELINE_HEADS
from xnornode.report.baseline_words import baseline_rows, sampled
from xnornode.report.charts import bars, heat_map, line_chart
from xnornode.report.choice import HEADS as CHOICE_HEADS
from xnornode.report.choice import choice_rows
from xnornode.report.metrics import Report
from xnornode.report.pictures import Picture, Pictures
from xnornode.report.signal_charts import draw, feature_map, legend
from xnornode.report.understood import OVERRULE, sections
from xnornode.report.units import cost_rows, energy, share, time


def to_html(
    report: Report,
    template: str = "report.html",
    pictures: Pictures | None = None,
    **more: Any,
) -> str:
    """The report as an HTML page.

    Parameters
    ----------
    report : Report
        The figures. Jinja2 escapes all text in them, since it comes from data.
    template : str, default "report.html"
        A file of the folder `templates`.
    pictures : Pictures, optional
        Examples, mistakes and the map of features. Default: the page has none.
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
    drawn = _drawn(pictures) if pictures else {}
    return _render(template, r=report, **_parts(report), drawn=drawn, **more)


def data_to_html(
    understood: Understood, pictures: Sequence[Picture], warnings: Sequence[str]
) -> str:
    """What was understood of data as an HTML page, with a picture of each class.

    Parameters
    ----------
    understood : Understood
        The table's content.
    pictures : sequence of Picture
        One of each class (`first_seconds`).
    warnings : sequence of str
        What makes a training doubtful.

    Returns
    -------
    str
        The page, one file without scripts and external files.

    Raises
    ------
    XnorNodeError
        Jinja2 is not installed.
    """
    channels = [c.name for c in understood.channels]
    return _render(
        "data.html",
        u=understood,
        sections=sections(understood),
        overrule=OVERRULE,
        warnings=warnings,
        pictures=[(p.caption, draw(p, channels)) for p in pictures],
        legend=_legend(pictures, channels),
    )


def _render(template: str, **given: Any) -> str:
    jinja2 = load_extra("jinja2", "report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("xnornode.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": "{:,}".format, "percent": "{:.1%}".format, "time": time}
    page: str = environment.get_template(template).render(**given)
    return page


def _drawn(pictures: Pictures) -> dict[str, Any]:
    p = pictures
    return {
        "examples": [(e.caption, draw(e, p.channels)) for e in p.examples],
        "mistakes": [(m.caption, draw(m, p.channels)) for m in p.mistakes],
        "map": feature_map(p.points, p.classes, p.labels) if len(p.points) else "",
        "legend": _legend(p.examples, p.channels),
    }


def _legend(pictures: Sequence[Picture], channels: Sequence[str]) -> str:
    """The lines' colours, where pictures have lines."""
    lines = any(not p.image_shape and not isinstance(p.item, bytes) for p in pictures)
    return legend(channels) if lines else ""


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
        "losses": line_chart(
            [("training", "one", [e.loss for e in r.history])],
            r.best_epoch,
            "loss over epochs",
            "{:.3g}",
        ),
        "understood": sections(r.understood) if r.understood else [],
        "matrix": heat_map(r.labels, r.confusion, "confusion matrix"),
        "recalls": bars(found, "recall"),
        "classes": [
            (c.label, f"{c.windows:,}", share(c.recall), share(c.precision), share(c.f1))
            for c in r.classes
        ],
        "groups": bars(
            [(g.group, g.accuracy, f"{g.accuracy:.1%} of {g.windows:,}") for g in r.groups],
            "accuracy on held-out groups",
        ),
        "answers": answer_rows(r.answers) if r.answers else [],
        "thresholds": threshold_table(r.answers) if r.answers and r.answers.table else None,
        "baselines": baseline_rows(r) if r.baselines else [],
        "baseline_heads": BASELINE_HEADS,
        "sampled": sampled(r),
        "tried": choice_rows(r.choice) if r.choice else [],
        "tried_heads": CHOICE_HEADS,
        "costs": cost_rows(r.cost),
        "sizes": bars(
            [(v.kind, x, f"{v.bytes:,} bytes") for v, x in zip(variants, lengths, strict=True)],
            "bytes",
        ),
        "variants": [
            (v.kind, f"{v.bytes:,}", f"{v.macs:,}", energy(v.nanojoules)) for v in variants
        ],
    }
