"""Edge Impulse's acquisition format."""

import json

import cbor2
import numpy as np
import pytest

from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.sound import CHANNEL, SCALE
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)


def acquisition(device="", interval=16.0, sensors=(("accX", "m/s2"), ("accY", "m/s2")), **changed):
    values = RNG.normal(size=(60, len(sensors))).round(4).tolist()
    payload = {
        "device_name": device,
        "device_type": "NODE",
        "interval_ms": interval,
        "sensors": [{"name": n, "units": u} for n, u in sensors],
        "values": values,
    }
    head = {"protected": {"ver": "v1", "alg": "none"}, "signature": "0" * 64}
    return {**head, "payload": payload | changed}


def export(folder, **given):
    """As the site's own export: training/ and testing/, `label.hash.json`."""
    for part in ("training", "testing"):
        (folder / part).mkdir(parents=True)
        for i in range(4):
            for label in ("idle", "wave"):
                path = folder / part / f"{label}.{i}a3f9k{i}.json"
                path.write_text(json.dumps(acquisition(**given)))
    return folder


def test_an_export(tmp_path):
    d = read(export(tmp_path / "d"))
    assert d.channels == ("accX (m/s2)", "accY (m/s2)") and d.rate_mhz == 62_500
    assert set(d.labels) == {"idle", "wave"} and len(d.test_groups) == 8
    assert d.grouping == "recording" and d.reading.kind == "Edge Impulse's format"


def test_devices_are_groups_if_there_are_several(tmp_path):
    for label in ("idle", "wave"):
        for device in ("one", "two"):
            (tmp_path / label).mkdir(exist_ok=True)
            (tmp_path / label / f"{device}.json").write_text(json.dumps(acquisition(device)))
    assert set(read(tmp_path).groups) == {"one", "two"}
    d = read(export(tmp_path / "one", device="same"))
    assert d.grouping == "recording" and len(set(d.groups)) == 16


@pytest.mark.parametrize("factor", [1, 1 / 32768])
def test_sound_is_as_of_a_wav_file(tmp_path, factor):
    counts = np.rint(RNG.normal(0, 3000, 4000)).clip(-32768, 32767)
    for label in ("no", "yes"):
        for i in range(2):
            given = {"interval": 0.0625, "sensors": (("audio", "wav"),)}
            file = acquisition(**given, values=(counts * factor).tolist())
            (tmp_path / f"{label}.{i}a3f9k{i}.json").write_text(json.dumps(file))
    d = read(tmp_path)
    assert d.channels == (CHANNEL,) and d.scales == (SCALE,) and d.rate_mhz == 16_000_000
    assert d.items[0].dtype == np.int16 and (d.items[0][:, 0] == counts).all()


def test_cbor(tmp_path):
    for label in ("idle", "wave"):
        (tmp_path / f"{label}.1a2b3c.cbor").write_bytes(cbor2.dumps(acquisition()))
    assert read(tmp_path).rate_mhz == 62_500


def test_one_sensor_whose_values_are_no_rows(tmp_path):
    made = acquisition(sensors=(("audio", "wav"),), interval=0.0625, values=[1, -5, 9] * 40)
    (tmp_path / "a.json").write_text(json.dumps(made))
    (tmp_path / "b.json").write_text(
        json.dumps(acquisition(sensors=(("audio", "wav"),), interval=0.0625))
    )
    d = read(tmp_path)
    assert d.channels == (CHANNEL,) and d.rate_mhz == 16_000_000 and len(d.items[0]) == 120


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1, 2]",
        "{}",
        '{"payload": 3}',
        '{"payload": {"sensors": [], "values": []}}',
        json.dumps(acquisition(values=[[1, 2], [3]])),
        json.dumps(acquisition(values=[[1, "x"]])),
        json.dumps(acquisition(values=[[1, 2, 3]])),
        json.dumps(acquisition(interval_ms=-4)),
        json.dumps(acquisition(interval_ms="often")),
        json.dumps(acquisition())[:-30],
        "[" * 5000,
    ],
)
def test_files_that_are_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match=r"a\.json"):
        read(tmp_path, ReadOptions(label_all="x"))
