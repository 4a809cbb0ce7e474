"""`xnornode push` sends no model that a node cannot keep pace with, unless it is told to."""

from dataclasses import replace

import pytest

from tests.host.cli.conftest import xnornode
from tests.lab.nets import random_model
from tests.lab.slow_models import attack
from tests.lab.stream_sessions import model
from xnornode.cost.chips import CHIPS
from xnornode.cost.estimate import estimate, hop_microseconds, microseconds
from xnornode.cost.pace import UNKNOWN_HOP_MS, check_pace
from xnornode.errors import XnorNodeError
from xnornode.model.model_file import save_model
from xnornode.model.spectrum import Spectrum, band_edges

pytestmark = pytest.mark.quick


def at_rate(rate_mhz):
    model = random_model(5, 64, 2, 3, (200, 200, 3))
    return replace(model, window=replace(model.window, rate_mhz=rate_mhz))


def just_fast_enough():
    """The sample rate in mHz at which the next window comes when the last one is done."""
    model = at_rate(0)
    takes = max(time.microseconds for time in estimate(model).times)
    return 1e9 * model.window.hop / takes


def test_the_hop_is_the_limit():
    check_pace(at_rate(int(0.99 * just_fast_enough())))
    with pytest.raises(
        XnorNodeError, match=r"ms on the RP2040, and the next one comes after .* ms"
    ):
        check_pace(at_rate(int(1.01 * just_fast_enough())))


def test_frames_that_a_node_knows_take_no_time():
    features = Spectrum(256, 128, band_edges(256, 16, 8000, 60, 4000))
    streamed, whole = (model(features, 8000, hop, 1) for hop in (128, 129))
    for chip in CHIPS:
        once = microseconds(streamed, chip)
        assert hop_microseconds(whole, chip) == microseconds(whole, chip)
        assert hop_microseconds(streamed, chip) < 0.5 * once


def test_without_a_rate_two_seconds_are_the_limit(monkeypatch):
    assert UNKNOWN_HOP_MS == 2000
    check_pace(at_rate(0))
    monkeypatch.setattr("xnornode.cost.pace.UNKNOWN_HOP_MS", 0.01)
    with pytest.raises(XnorNodeError, match=r"--allow-slow"):
        check_pace(at_rate(0))


def test_a_slow_model_is_not_sent(tmp_path):
    save_model(at_rate(int(1.1 * just_fast_enough())), tmp_path / "slow.bnn")
    port = ("--port", tmp_path / "none")
    refused = xnornode("push", tmp_path / "slow.bnn", *port)
    assert refused.returncode != 0 and "--allow-slow" in refused.stderr
    told = xnornode("push", tmp_path / "slow.bnn", "--allow-slow", *port)
    assert told.returncode != 0 and "a window takes" not in told.stderr


def test_a_model_of_too_much_work_is_not_sent(tmp_path):
    (tmp_path / "attack.bnn").write_bytes(attack())
    done = xnornode("push", tmp_path / "attack.bnn", "--allow-slow", "--port", tmp_path / "none")
    assert done.returncode != 0 and "operations, the format allows" in done.stderr
