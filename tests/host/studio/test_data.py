"""The data page lists, shows and changes exactly what the library reads."""

import asyncio
import os
import time
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest

from tests.host.studio.data_folders import csv_text, gestures, header, motion, write_wav
from tests.lab.studio_app import Client, with_studio
from xnornode.data.readers import read
from xnornode.data.recording_csv import read_csv, to_csv
from xnornode.data.recording_file import from_bytes, to_bytes
from xnornode.studio import data_list

pytestmark = pytest.mark.quick


def samples(path):
    return from_bytes(path.read_bytes(), path.name).recording.samples


def seen(items, **wanted):
    """What a page sends of the items that it shows."""
    return [
        {"path": i["path"], "version": i["version"]}
        for i in items
        if all(i[key] == value for key, value in wanted.items())
    ]


def test_an_empty_folder(tmp_path):
    async def use(client: Client) -> None:
        data = await client.get("/api/data")
        assert data["total"] == 0 and data["items"] == [] and data["classes"] == []
        assert "record something, or drop" in (await client.get("/api/data/understood"))["problem"]
        assert not (tmp_path / "none").exists()

    with_studio(tmp_path / "none", use)


def test_listing_of_500_recordings_reads_each_head_once(tmp_path, monkeypatch):
    gestures(tmp_path, 84, 0.2)
    read_heads = []
    real = data_list.read_facts
    monkeypatch.setattr(
        data_list, "read_facts", lambda path, size: read_heads.append(path) or real(path, size)
    )

    async def use(client: Client) -> None:
        data = await client.get("/api/data?count=60")
        assert data["total"] == 504 and len(data["items"]) == 60 and data["found"] == 504
        assert [(c["name"], c["items"]) for c in data["classes"]] == [
            ("circle", 252),
            ("wave", 252),
        ]
        assert [g["name"] for g in data["groups"]] == ["anna", "ben", "cleo"]
        assert data["seconds"] == pytest.approx(504 * 0.2)
        ben = await client.get("/api/data?label=wave&group=ben&offset=80&count=60")
        assert ben["found"] == 84 and len(ben["items"]) == 4
        first = data["items"][0]
        assert (first["label"], first["group"], first["rate"]) == ("circle", "anna", 100)
        assert len(read_heads) == 504

    with_studio(tmp_path, use)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_regular_file_is_left_out_and_said(tmp_path):
    gestures(tmp_path, 1)
    os.mkfifo(tmp_path / "wave" / "pipe.csv")

    async def use(client: Client) -> None:
        data = await client.get("/api/data")
        assert data["left_out"] == ["wave/pipe.csv is no regular file: left out"]
        assert all("pipe" not in item["name"] for item in data["items"])

    with_studio(tmp_path, use)


def test_what_is_damaged_is_shown_so(tmp_path):
    paths = gestures(tmp_path)
    paths[0].write_bytes(paths[0].read_bytes()[:-1])
    paths[1].write_bytes(b"no recording\n1234")
    paths[2].write_bytes(b"")
    (tmp_path / "wave" / "notes.xyz").write_text("hello")

    async def use(client: Client) -> None:
        damaged = await client.get("/api/data?only=damaged")
        assert damaged["found"] == 3 and damaged["damaged"] == 3
        problems = " ".join(item["problem"] for item in damaged["items"])
        for text in ("whole sample", "not a recording", "is empty"):
            assert text in problems
        assert damaged["left_out"] == ["1 files .xyz of no kind that is read"]
        assert "not a recording" in await client.refused(
            f"/api/data/signal?path={damaged['items'][1]['path']}"
        )
        assert "cannot be used" in (await client.get("/api/data/understood"))["problem"]

    with_studio(tmp_path, use)


def test_signal_in_units_with_peaks_kept(tmp_path):
    record = motion("wave", "anna", 0, 100.0)
    record.recording.samples[5000, 1] = 32000
    path = tmp_path / "wave" / "1.rec"
    path.parent.mkdir()
    path.write_bytes(to_bytes(record))

    async def use(client: Client) -> None:
        signal = await client.get("/api/data/signal?path=wave/1.rec&points=100")
        assert signal["step"] == 100 and len(signal["low"][0]) == 100
        assert max(signal["high"][1]) == signal["high"][1][50] == pytest.approx(32000 * 122.07e-6)
        part = await client.get("/api/data/signal?path=wave/1.rec&first=10&last=20")
        want = record.recording.samples[10:20, 0] * 122.07e-6
        assert part["step"] == 1 and np.allclose(part["low"][0], want, rtol=1e-5)

    with_studio(tmp_path, use)


def test_relabel_and_undo_leave_what_the_library_reads(tmp_path):
    paths = gestures(tmp_path)
    before = {path: path.read_bytes() for path in paths}
    moved = samples(tmp_path / "wave/ben/1.rec"), samples(tmp_path / "wave/ben/2.rec")

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        chosen = seen(items, label="wave", group="ben")
        edit = await client.post("/api/data/relabel", {"items": chosen, "label": "läufen"})
        assert len(edit["paths"]) == 2 and edit["problems"] == []
        assert not (tmp_path / "wave" / "ben").exists()
        new = tmp_path / "läufen" / "ben" / "1.rec"
        assert header(new)["label"] == "läufen" and header(new)["name"] == "läufen/ben/1"
        assert header(new)["sensor"] == "mpu6050"
        dataset = read(tmp_path)
        assert sorted(set(dataset.labels)) == ["circle", "läufen", "wave"]
        for want, n in zip(moved, (1, 2), strict=True):
            assert (samples(new.with_name(f"{n}.rec")) == want).all()
        await client.post("/api/data/undo", {"id": edit["id"]})
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.rec")} == before
        assert "undone already" in await client.refused("/api/data/undo", {"id": edit["id"]})

    with_studio(tmp_path, use)


def test_a_group_alone_and_names_that_no_folder_can_have(tmp_path):
    gestures(tmp_path, 1)

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        one = seen(items, label="wave", group="ben")
        for name in ("../up", "a/b", "", ".x", "train", "con", "x" * 99, "p1"):
            assert await client.refused("/api/data/relabel", {"items": one, "label": name})
        await client.post("/api/data/relabel", {"items": one, "group": "dora"})
        assert header(tmp_path / "wave/dora/1.rec")["group"] == "dora"
        [item] = (await client.get("/api/data?group=dora"))["items"]
        await client.post("/api/data/relabel", {"items": seen([item]), "group": ""})
        assert header(tmp_path / "wave/1.rec")["group"] == ""

    with_studio(tmp_path, use)


def test_cut_split_and_undo(tmp_path):
    path = gestures(tmp_path, 1)[0]
    whole = samples(path)
    before = path.read_bytes()

    async def use(client: Client) -> None:
        [item] = seen((await client.get("/api/data?label=circle&group=anna"))["items"])
        edit = await client.post("/api/data/cut", {"item": item, "parts": [[20, 150]]})
        [new] = edit["paths"]
        assert (samples(tmp_path / new) == whole[20:150]).all() and not path.exists()
        assert (await client.get("/api/data"))["in_bin"] == 1
        await client.post("/api/data/undo", {"id": edit["id"]})
        assert path.read_bytes() == before and not (tmp_path / new).exists()
        [item] = seen((await client.get("/api/data?label=circle&group=anna"))["items"])
        edit = await client.post("/api/data/cut", {"item": item, "parts": [[0, 90], [90, 200]]})
        parts = [samples(tmp_path / key) for key in edit["paths"]]
        assert (np.concatenate(parts) == whole).all()
        assert (await client.get("/api/data"))["undo"]["id"] == edit["id"]
        await client.post("/api/data/bin/empty", {})
        assert (await client.get("/api/data"))["undo"] is None
        assert "emptied" in await client.refused("/api/data/undo", {"id": edit["id"]})
        assert all((tmp_path / key).is_file() for key in edit["paths"])
        for wrong in ([], [[5, 5]], [[0, 201]], [[-1, 9]], [["a", 3]], [[1.5, 3]]):
            [one] = seen((await client.get("/api/data?label=wave&group=anna"))["items"])
            assert await client.refused("/api/data/cut", {"item": one, "parts": wrong})
        said = await client.refused("/api/data/cut", {"item": one, "parts": [[150, 50]]})
        assert "ends at sample 50" in said and "start at sample 150" in said

    with_studio(tmp_path, use)


def test_cut_keeps_what_the_head_says(tmp_path):
    record = motion("wave", "anna", 0)
    record.recording.samples[[3, 50, 120], 0] = 32767
    record = replace(record, breaks=(40, 100), lost=30, clipped=3, cut=True)
    record = replace(record, answer="unknown", confidence=412, kept="1a2b3c4d/7")
    path = tmp_path / "wave" / "anna" / "1.rec"
    path.parent.mkdir(parents=True)
    path.write_bytes(to_bytes(record))
    (tmp_path / "wave" / "2.csv").write_bytes(to_csv(record))
    write_wav(tmp_path / "clap" / "1.wav", 440)

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        [one] = [i for i in items if i["name"] == "wave/anna/1.rec"]
        lost = ["cut short", "30 samples lost", "3 values clipped"]
        assert one["remarks"] == [*lost, "the node answered unknown, 41.2 %"]
        edit = await client.post("/api/data/cut", {"item": seen([one])[0], "parts": [[45, 110]]})
        new = header(tmp_path / edit["paths"][0])
        assert (new["breaks"], new["clipped"], new["lost"]) == ([55], 1, 30) and "cut" not in new
        assert (new["answer"], new["kept"]) == ("unknown", "1a2b3c4d/7")
        [one] = [i for i in items if i["name"] == "wave/2.csv"]
        edit = await client.post("/api/data/cut", {"item": seen([one])[0], "parts": [[0, 30]]})
        back = read_csv(tmp_path / "wave" / "2 (2).csv")
        assert (back.recording.samples == record.recording.samples[:30]).all()
        [one] = [i for i in items if i["kind"] == "sound"]
        edit = await client.post("/api/data/cut", {"item": seen([one])[0], "parts": [[0, 999]]})
        [one] = (await client.get("/api/data?label=clap"))["items"]
        assert one["samples"] == 999 and one["name"] == "clap/1 (2).wav"

    with_studio(tmp_path, use)


def test_delete_restore_and_empty(tmp_path):
    paths = gestures(tmp_path, 1)
    before = {path: path.read_bytes() for path in paths}

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        edit = await client.post("/api/data/delete", {"items": seen(items)})
        assert edit["title"] == "6 files deleted" and (await client.get("/api/data"))["total"] == 0
        entries = (await client.get("/api/data/bin"))["entries"]
        await client.post("/api/data/bin/restore", {"ids": [entries[0]["id"]]})
        assert (await client.get("/api/data"))["total"] == 1
        undone = await client.post("/api/data/undo", {"id": edit["id"]})
        assert len(undone["problems"]) == 1 and "does not have" in undone["problems"][0]
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.rec")} == before
        items = (await client.get("/api/data"))["items"]
        await client.post("/api/data/delete", {"items": seen(items[:2])})
        assert (await client.post("/api/data/bin/empty", {}))["deleted"] == 2
        assert (await client.get("/api/data/bin"))["entries"] == []

    with_studio(tmp_path, use)


def test_of_two_pages_at_once_the_second_is_told(tmp_path):
    gestures(tmp_path, 1)

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        one = seen(items, label="wave", group="ben")
        async with client.topics("data") as message:
            await asyncio.sleep(0.2)
            await client.post("/api/data/relabel", {"items": one, "label": "circle"})
            assert (await message())["changed"]
        for path, body in (
            ("relabel", {"items": one, "label": "jump"}),
            ("delete", {"items": one}),
            ("cut", {"item": one[0], "parts": [[0, 10]]}),
        ):
            assert "another page or program" in await client.refused(f"/api/data/{path}", body)
        path = tmp_path / "circle" / "anna" / "1.rec"
        path.write_bytes(to_bytes(motion("circle", "anna", 9)))
        stale = seen(items, label="circle", group="anna")
        assert "has changed since" in await client.refused("/api/data/delete", {"items": stale})

    with_studio(tmp_path, use)


@pytest.mark.parametrize("what", ["signal", "image", "sound", "text"])
def test_no_file_outside_is_given(tmp_path, what):
    folder = tmp_path / "data"
    gestures(folder, 1)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    (folder / ".studio").mkdir()
    (folder / ".studio" / "settings.json").write_text("{}")

    async def use(client: Client) -> None:
        outside = ["../secret.txt", "link.txt", "up/secret.txt", ".studio/settings.json"]
        outside += ["/etc/passwd", "wave/../../secret.txt", "", "wave", "%2e%2e/secret.txt"]
        for path in outside:
            assert await client.refused(f"/api/data/{what}?path={quote(path)}")
        names = [item["name"] for item in (await client.get("/api/data"))["items"]]
        assert len(names) == 6 and "2 symbolic links" in str(await client.get("/api/data"))

    with_studio(folder, use)


def test_sound_images_and_texts(tmp_path):
    from PIL import Image

    write_wav(tmp_path / "clap" / "a.wav", 440)
    place = tmp_path / "cat"
    place.mkdir()
    Image.new("RGB", (8, 6), (200, 10, 10)).save(place / "1.png")
    Image.new("L", (900, 700), 90).save(place / "2.tiff")
    (place / "3.png").write_text("<svg onload='alert(1)'></svg>")
    (place / "4.txt").write_text("<b>hello</b>")

    async def use(client: Client) -> None:
        status, body = await client.raw("GET", "/api/data/sound?path=clap/a.wav")
        assert status == 200 and body.startswith(b"RIFF")
        for name, mark in (("1.png", b"\x89PNG"), ("2.tiff", b"\x89PNG")):
            status, body = await client.raw("GET", f"/api/data/image?path=cat/{name}&small")
            assert status == 200 and body.startswith(mark)
        assert "no image" in await client.refused("/api/data/image?path=cat/3.png")
        assert (await client.get("/api/data/text?path=cat/4.txt"))["text"] == "<b>hello</b>"
        assert (await client.get("/api/data/signal?path=clap/a.wav"))["sound"]

    with_studio(tmp_path, use)


def test_a_file_of_many_windows_is_shown_one_by_one(tmp_path):
    np.savez(tmp_path / "all.npz", X=np.arange(60.0).reshape(5, 6, 2), y=np.arange(5) % 2)

    async def use(client: Client) -> None:
        signal = await client.get("/api/data/signal?path=all.npz&which=3")
        assert len(signal["names"]) == 5 and signal["low"][0] == [36, 38, 40, 42, 44, 46]
        assert "holds 5" in await client.refused("/api/data/signal?path=all.npz&which=5")
        assert "no sound" in await client.refused("/api/data/sound?path=all.npz")

    with_studio(tmp_path, use)


def test_other_files_are_moved_by_their_folder(tmp_path):
    write_wav(tmp_path / "clap" / "1.wav", 440)
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "1.csv").write_text(csv_text(1))
    (tmp_path / "walk" / "2.csv").write_text("label,x\n" + "run,1\nrun,2\nsit,4\n" * 9)

    async def use(client: Client) -> None:
        items = (await client.get("/api/data"))["items"]
        move = {"label": "snap", "group": "anna"}
        for name in ("clap/1.wav", "walk/1.csv"):
            await client.post("/api/data/relabel", {"items": seen(items, name=name), **move})
        assert (tmp_path / "snap/anna/1.wav").is_file() and (tmp_path / "snap/anna/1.csv").is_file()
        told = await client.refused(
            "/api/data/relabel", {"items": seen(items, name="walk/2.csv"), **move}
        )
        assert "in its column label" in told

    with_studio(tmp_path, use)


def test_what_is_understood(tmp_path):
    gestures(tmp_path)

    async def use(client: Client) -> None:
        told = await client.get("/api/data/understood")
        assert told["problem"] == "" and told["tables"][0]["heads"][0] == "data"
        assert told["tables"][1]["heads"][:2] == ["class", "items"]
        odd = motion("wave", "dora", 1)
        path = tmp_path / "wave" / "dora" / "1.rec"
        path.parent.mkdir()
        path.write_bytes(to_bytes(replace(odd, channels=("gyro x (dps)", "b", "c"))))
        assert "all must have the same" in (await client.get("/api/data/understood"))["problem"]
        listed = await client.get("/api/data?only=odd")
        assert listed["found"] == 1 and "another sensor" in listed["odd"]

    with_studio(tmp_path, use)


def test_the_map_puts_equal_classes_together(tmp_path):
    gestures(tmp_path, 3, 6.0)

    async def use(client: Client) -> None:
        await client.post("/api/data/map")
        ends = time.monotonic() + 60
        while (found := await client.get("/api/data/map"))["state"] == "running":
            assert time.monotonic() < ends
            await asyncio.sleep(0.05)
        assert found["state"] == "done" and not found["old"], found
        points = found["map"]["points"]
        assert len(points) == 36 and found["map"]["classes"] == ["circle", "wave"]
        assert {p["path"] for p in points} == {
            i["path"] for i in (await client.get("/api/data"))["items"]
        }
        assert points[1]["span"] == [2.56, 5.12] and "100%" in found["map"]["apart"]
        assert "of all differences" in found["map"]["axes"][0]
        (tmp_path / points[0]["path"]).unlink()
        assert (await client.get("/api/data/map"))["old"]

    with_studio(tmp_path, use)
