"""The node measures the rate of what it is fed; bursts and short breaks do not mislead it."""

from types import SimpleNamespace

import pytest

from tests.lab.simulated import node_module

pytestmark = pytest.mark.quick

HOP = 32
MODEL_MHZ = 100_000


@pytest.fixture
def check(monkeypatch):
    module = node_module("rate_check")
    monkeypatch.setattr(module, "time", SimpleNamespace(ticks_diff=lambda a, b: a - b))
    return module.RateCheck()


def warnings(check, times, model_mhz=MODEL_MHZ):
    """(ms, rate) of each time that the rate is said to be wrong."""
    return [(now, rate) for now in times if (rate := check.add(HOP, now, model_mhz))]


def hops(seconds, rate, burst=1, start=0):
    """Milliseconds at which hops are complete, where `burst` samples come at once."""
    done = []
    for hop in range(1, round(seconds * rate / HOP)):
        sample = -(-hop * HOP // burst) * burst
        done.append(start + round(1000 * sample / rate))
    return done


@pytest.mark.parametrize("rate", [95.5, 100, 104.5])
@pytest.mark.parametrize("burst", [1, 20, 85])
def test_the_models_rate(check, rate, burst):
    assert not warnings(check, hops(120, rate, burst))


@pytest.mark.parametrize("rate", [50, 94, 106, 200])
def test_another_rate(check, rate):
    said = warnings(check, hops(120, rate))
    assert said and all(abs(mhz - 1000 * rate) < 20 * rate for _, mhz in said)
    assert said[0][0] < 30_000, "within half a minute"


def test_a_rate_that_is_wrong_for_a_while(check):
    """One measurement that is off, as by a port that holds the node up, is not believed."""
    before = hops(30, 100)
    late = [now + 2000 for now in hops(60, 100, start=before[-1])]
    assert not warnings(check, before + late)


def test_pushes(check):
    """Each delays some hops by a tenth of a second; none is lost."""
    times = [now + (100 if now % 7000 < 700 else 0) for now in hops(120, 100)]
    assert not warnings(check, times)


def test_after_a_gap_it_begins_anew(check):
    for start in range(0, 200_000, 20_000):
        assert not warnings(check, hops(9, 50, start=start))
        check.restart()


def test_a_model_without_a_rate(check):
    assert not warnings(check, hops(120, 77), model_mhz=0)


def test_long_hops(check):
    """A measurement has some hops, however long they are."""
    slow = [60_000 * n for n in range(1, 20)]
    assert check.add(HOP, 0, 533) == 0
    assert not warnings(check, slow, 533)
    assert warnings(check, [n + 20_000_000 for n in slow], 700)
