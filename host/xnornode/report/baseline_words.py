"""Simpler methods beside the model, as rows of text for the terminal and the page."""

from xnornode.report.metrics import Report

HEADS = ("method", "accuracy", "95 % interval", "model's lead", "95 % interval")


def baseline_rows(report: Report) -> list[tuple[str, ...]]:
    """The model and each simpler method, cells as in `HEADS`."""
    low, high = report.interval
    rows: list[tuple[str, ...]] = [
        ("this model", f"{report.accuracy:.1%}", f"{low:.1%} to {high:.1%}", "", "")
    ]
    for b in report.baselines:
        ends, lead = b.interval, b.lead_interval
        rows.append(
            (
                b.name,
                f"{b.accuracy:.1%}",
                f"{ends[0]:.1%} to {ends[1]:.1%}",
                f"{100 * b.lead:+.1f}",
                f"{100 * lead[0]:+.1f} to {100 * lead[1]:+.1f}",
            )
        )
    return rows


def sampled(report: Report) -> str:
    """Which methods learned from a part of the training windows; "" if none did."""
    of = report.counts.training
    some = [f"{b.name} from {b.windows:,}" for b in report.baselines if b.windows < of]
    return f"Sampled, to bound the time: of {of:,} windows, {', '.join(some)}." if some else ""
