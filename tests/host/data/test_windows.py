"""Recordings, windows and splits, and the fetched example set."""

import numpy as np
import pytest

from xnornode.data.prepare import prepare
from xnornode.data.scaling import to_int16
from xnornode.data.windows import Recording, Windows, check_names, cut_windows, split_groups
from xnornode.datasets.watch import watch
from xnornode.errors import DataError


def recording(value: int, count: int = 20, label: str = "a", group: str = "p") -> Recording:
    return Recording(np.full((count, 2), value, np.int16), label, group, f"recording {value}")


@pytest.mark.quick
def test_windows_stay_inside_their_recording() -> None:
    recordings = [recording(i, 10 + i, "ab"[i % 2], str(i)) for i in range(9)]
    windows = cut_windows(recordings, "ab", length=8, hop=3)
    assert windows.items.shape == (sum(1 + (2 + i) // 3 for i in range(9)), 8, 2)
    owner = windows.items[:, 0, 0]
    assert (windows.items == owner[:, None, None]).all()
    assert (windows.labels == owner % 2).all()
    assert (windows.groups == owner.astype(str)).all()


@pytest.mark.quick
def test_windows_start_at_each_hop() -> None:
    ramp = np.arange(40, dtype=np.int16).reshape(20, 2)
    windows = cut_windows([Recording(ramp, "a", "p", "ramp")], "a", length=8, hop=5)
    expected = np.array([ramp[at : at + 8] for at in (0, 5, 10)])
    assert (windows.items == expected).all()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("recordings", "length", "message"),
    [
        ([], 8, "no recordings"),
        ([recording(1, 7)], 8, "has 7 samples, a window 8"),
        ([recording(1, label="c")], 8, "'c' is not one of a, b"),
        ([recording(1), Recording(np.ones((20, 3), np.int16), "a", "p", "odd")], 8, "odd has 3"),
        ([recording(1)], 0, "at least 1"),
    ],
)
def test_recordings_that_cannot_be_cut(
    recordings: list[Recording], length: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        cut_windows(recordings, "ab", length, 4)


@pytest.mark.quick
@pytest.mark.parametrize("samples", [np.ones((5, 2)), np.ones(5, np.int16), np.ones((0, 2), "i2")])
def test_recording_of_another_shape_or_type(samples: np.ndarray) -> None:
    with pytest.raises(DataError, match="recording x: samples must be int16"):
        Recording(samples, "a", "p", "x")


@pytest.mark.quick
def test_nan_is_refused() -> None:
    with pytest.raises(DataError, match="NaN"):
        to_int16([[0.0, np.nan]], [1.0, 1.0])


@pytest.mark.quick
def test_windows_whose_parts_do_not_fit() -> None:
    samples, groups = np.ones((3, 4, 2), np.int16), np.array(["p"] * 3)
    for labels, message in (
        (np.zeros(2, np.int64), "as many labels"),
        (np.zeros(3), "integers"),
        (np.array([0, 1, 2]), "0 to 1"),
        (np.array([0, -1, 1]), "0 to 1"),
    ):
        with pytest.raises(DataError, match=message):
            Windows(samples, labels, groups, ("a", "b"))
    with pytest.raises(DataError, match="int16 of shape"):
        Windows(samples[0], np.zeros(4, np.int64), groups, ("a", "b"))


@pytest.mark.quick
@pytest.mark.parametrize(
    ("labels", "channels", "message"),
    [
        (("a", "b\x85"), ("x",), r"the class 'b\\x85': rename it; the character U\+0085"),
        (("a", ""), ("x",), "names are 1 to 63 bytes"),
        (("a", 32 * "\u00e9"), ("x",), "and this one has 64"),
        (("a", "b"), ("x" * 64,), "the channel 'x+': rename it"),
        (("a", "a"), ("x",), "each of them once"),
        (tuple(str(i) for i in range(256)), ("x",), "1 to 255 labels"),
    ],
)
def test_names_that_no_model_file_can_hold(
    labels: tuple[str, ...], channels: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check_names("set", channels, labels)


@pytest.mark.quick
def test_split_by_group() -> None:
    recordings = [recording(i, group=str(i % 3)) for i in range(9)]
    rest, held = split_groups(recordings, ("1",))
    assert [r.group for r in held] == ["1"] * 3
    assert {r.group for r in rest} == {"0", "2"} and len(rest) == 6
    with pytest.raises(DataError, match="group 7"):
        split_groups(recordings, ("1", "7"))
    for groups in ((), ("0", "1", "2")):
        with pytest.raises(DataError, match="either side"):
            split_groups(recordings, groups)


def test_watch_set() -> None:
    data = watch()
    recordings = data.recordings()
    assert len(recordings) == 140
    assert data.classes == ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
    assert {r.group for r in recordings} == {str(n) for n in range(1, 11)}
    extremes = np.array([np.abs(r.samples.astype(int)).max(axis=0) for r in recordings])
    assert (extremes.max(axis=0) < 2**15 - 1).all(), "a channel saturates"
    # A watch at rest measures gravity: the counts and the scales must agree on 1 g.
    lengths = np.concatenate([np.linalg.norm(r.samples[:, :3], axis=1) for r in recordings])
    assert 0.9 < np.median(lengths) * data.scales[0] / 1e9 < 1.15


def test_watch_split_holds_out_whole_people() -> None:
    splits = prepare(watch(), validation=(), training_hop=64)
    training, test = splits.train, splits.tested()
    assert (len(training), len(test)) == (2460, 1145)
    assert set(test.groups) == {"8", "9", "10"}
    assert not set(test.groups) & set(training.groups)
