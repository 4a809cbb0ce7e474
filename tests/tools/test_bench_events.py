"""The table of answers and events, and when the bar is missed."""

from dataclasses import asdict

import pytest

from tools.bench import events
from tools.bench.events import UNKNOWN, main, means, table
from xnornode.events.counting import Outcome

pytestmark = pytest.mark.quick


def result(right: int, answered: int) -> dict:
    """A seed with 100 windows."""
    plain, test = (
        Outcome(100, n, r, 0.5, 8, 1, 3, 2, 2.5) for n, r in ((100, 90), (answered, right))
    )
    return {
        "plain": asdict(plain),
        "test": asdict(test),
        "table": [(0.0, asdict(plain), False), (0.6, asdict(test), True)],
        "errors": [0.02, 0.01],
        "settings": [6, 0.6, 12, 0.8],
    }


def test_table_and_means():
    results = [result(94, 96), result(92, 98)]
    plain, right, unknown = means(results)
    assert plain == 0.9 and unknown == pytest.approx(0.03)
    assert right == pytest.approx((94 / 96 + 92 / 98) / 2)
    text = table(results)
    assert "| 0 | 90.0% | 97.9% | 4.0% | 1 of 8 | 6.0 | 6 | 60.0% | 12 | 2.0%, 1.0% |" in text
    assert "| mean | 90.0% | 95.9% | 3.0% |" in text and "| 60.0% (chosen) | 4.0% |" in text


@pytest.mark.parametrize(
    ("right", "answered", "status"), [(95, 100, 0), (91, 95, 0), (94, 100, 1), (94, 94, 1)]
)
def test_status_says_whether_the_bar_is_met(right, answered, status, monkeypatch, capsys):
    monkeypatch.setattr(events, "collect", lambda *_: [result(right, answered)] * 3)
    assert main([]) == status
    assert ("missed" in capsys.readouterr().out.splitlines()[-1]) == bool(status)
    assert UNKNOWN == 0.05
