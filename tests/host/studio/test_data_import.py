"""What is dropped on the data page becomes what `xnornode convert` makes of it."""

import io
import zipfile

import aiohttp
import numpy as np
import pytest

from tests.host.studio.data_folders import csv_text, gestures, header, motion, write_wav
from tests.lab.studio_app import Client, with_studio
from xnornode.cli.main import main
from xnornode.data.readers import read
from xnornode.data.recording_csv import to_csv
from xnornode.data.recording_file import from_bytes
from xnornode.studio import data_unpack

pytestmark = pytest.mark.quick


class Upload:
    """Drops files, as the page does."""

    def __init__(self, client: Client) -> None:
        self.client, self.id = client, ""

    async def drop(self, files: dict) -> tuple[int, bytes]:
        if not self.id:
            self.id = (await self.client.post("/api/data/import"))["id"]
        form = aiohttp.FormData(quote_fields=False)
        for name, content in files.items():
            form.add_field("file", content, filename=name)
        return await self.client.raw("POST", f"/api/data/import/{self.id}/files", data=form)

    async def read(self, **options) -> dict:
        return await self.client.post(f"/api/data/import/{self.id}/read", {"options": options})

    async def write(self, **options) -> dict:
        return await self.client.post(f"/api/data/import/{self.id}/write", {"options": options})


def rows(plan):
    return [(row["label"], row["group"], row["files"]) for row in plan["plan"]]


def tree(folder, prefix):
    """The files of a folder, as a page names those of a dropped folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def counts(folder):
    """Labels, groups and samples of all recordings in a folder."""
    records = [from_bytes(p.read_bytes(), p.name) for p in folder.rglob("*.rec")]
    found = [
        (r.recording.label, r.recording.group, r.rate_mhz, r.scales, r.recording.samples.tobytes())
        for r in records
    ]
    return sorted(found)


@pytest.mark.parametrize("kind", ["csv", "wav", "converted"])
def test_recordings_as_convert_makes_them(tmp_path, kind):
    source, data = tmp_path / "theirs", tmp_path / "data"
    for n, (label, group) in enumerate([("walk", "anna"), ("walk", "ben"), ("run", "anna")]):
        path = source / label / group / f"take {n}.{'wav' if kind == 'wav' else 'csv'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "wav":
            write_wav(path, 300 + 100 * n)
        elif kind == "csv":
            path.write_text(csv_text(1 + n))
        else:
            path.write_bytes(to_csv(motion(label, group, n)))
    assert main(["convert", str(source), str(tmp_path / "converted"), "--to", "rec"]) == 0

    async def use(client: Client) -> None:
        upload = Upload(client)
        assert (await upload.drop(tree(source, "theirs")))[0] == 200
        plan = await upload.read()
        assert plan["problem"] == "" and plan["makes"] == 3
        assert rows(plan) == [("run", "anna", 1), ("walk", "anna", 1), ("walk", "ben", 1)]
        made = await upload.write()
        assert made["files"] == 3
        assert counts(data) == counts(tmp_path / "converted")
        assert header(data / "walk" / "ben" / "1.rec")["name"] == "walk/ben/1"
        assert [*(data / ".studio" / "import").iterdir()] == []
        await client.post("/api/data/undo", {"id": made["id"]})
        assert counts(data) == []

    with_studio(data, use)


def test_it_goes_beside_what_is_there_and_zip_is_unpacked(tmp_path):
    data = tmp_path / "data"
    gestures(data, 1)
    gestures(tmp_path / "more", 2)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in tree(tmp_path / "more", "more").items():
            archive.writestr(name, content)
        archive.writestr("__MACOSX/more/._x.rec", b"x")

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"more.zip": packed.getvalue()})
        plan = await upload.read()
        assert plan["problem"] == "" and plan["makes"] == 12
        await upload.write()
        assert len(counts(data)) == 18 and (data / "wave" / "ben" / "3.rec").is_file()
        assert set(counts(tmp_path / "more")) <= set(counts(data))

    with_studio(data, use)


def test_arrays(tmp_path):
    x = np.sin(np.arange(40 * 50 * 2)).reshape(40, 50, 2)
    packed = io.BytesIO()
    np.savez(packed, X=x, y=np.array(["low", "high"] * 20), groups=np.repeat(["a", "b"], 20))

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"data.npz": packed.getvalue()})
        assert "--rate" in (await upload.read())["problem"]
        plan = await upload.read(rate="50")
        assert plan["problem"] == "" and plan["makes"] == 40
        await upload.write(rate="50")
        dataset = read(tmp_path)
        assert len(dataset.items) == 40 and dataset.rate_mhz == 50_000
        assert set(dataset.groups) == {"a", "b"} and set(dataset.labels) == {"low", "high"}

    with_studio(tmp_path, use)


def test_images_and_texts_are_copied(tmp_path):
    from PIL import Image

    files = {}
    for n, label in enumerate(["cat", "cat", "dog"]):
        out = io.BytesIO()
        Image.new("RGB", (8, 6), (40 * n, 10, 10)).save(out, "PNG")
        files[f"pets/{label}/{n}.png"] = out.getvalue()
    texts = {f"mails/{label}/{n}.txt": b"some words %d" % n
             for n, label in enumerate(["ham", "ham", "spam"])}  # fmt: skip

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop(files)
        assert rows(await upload.read()) == [("cat", "", 2), ("dog", "", 1)]
        await upload.write()
        assert (tmp_path / "cat" / "1.png").read_bytes() == files["pets/cat/1.png"]
        upload = Upload(client)
        await upload.drop(texts)
        assert rows(await upload.read(text=True)) == [("ham", "", 2), ("spam", "", 1)]
        await upload.write(text=True)
        assert len([*tmp_path.glob("ham/*.txt")]) == 2

    with_studio(tmp_path, use)


def test_options_settle_what_is_doubtful(tmp_path):
    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"log.csv": csv_text(2).encode()})
        assert "label" in (await upload.read())["problem"]
        plan = await upload.read(label_all="wave", full_scale="4", channels="ax (g)")
        assert rows(plan) == [("wave", "", 1)] and plan["problem"] == ""
        for options in ({"rate": "-1"}, {"rate": "x"}, {"shape": "3"}, {"skip": "yes"}, {"no": ""}):
            body = {"options": options}
            assert await client.refused(f"/api/data/import/{upload.id}/read", body)
        await upload.write(label_all="wave", full_scale="4", channels="ax (g)")
        made = header(tmp_path / "wave" / "1.rec")
        assert made["channels"] == ["ax (g)"] and made["scales"] == [122070]
        assert "drop them again" in await client.refused(
            f"/api/data/import/{upload.id}/read", {"options": {}}
        )

    with_studio(tmp_path, use)


def test_one_bad_file_is_told_and_can_be_left_out(tmp_path):
    async def use(client: Client) -> None:
        upload = Upload(client)
        files = {f"w/{label}/{n}.csv": csv_text(n).encode() for label in "ab" for n in (1, 2)}
        await upload.drop(files | {"w/a/3.wav": b"no sound"})
        told = await upload.read()
        assert "no WAV file" in told["problem"] and "skip" in told["problem"]
        assert str(tmp_path) not in str(told)
        assert (await upload.read(skip=True))["makes"] == 4
        assert (await upload.write(skip=True))["files"] == 4

    with_studio(tmp_path, use)


@pytest.mark.parametrize(
    "name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:/x.csv", "a\\..\\..\\x.csv", "a//b.csv"]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.csv", "a,b\n1,2\n")
        archive.writestr(name, csv_text(1))

    async def use(client: Client) -> None:
        upload = Upload(client)
        status, body = await upload.drop({name.replace("\\", "\\\\"): csv_text(1).encode()})
        # aiohttp takes a slash off the front: then it is a folder of that name
        assert status == 400 or name.startswith("/"), body
        upload = Upload(client)
        await upload.drop({"bad.zip": packed.getvalue()})
        path = f"/api/data/import/{upload.id}/read"
        told = await client.refused(path, {"options": {}})
        assert "refused" in told or "empty" in told

    with_studio(tmp_path / "data", use)
    assert [p.name for p in tmp_path.iterdir()] == ["data"]
    assert [p.name for p in (tmp_path / "data").iterdir()] == [".studio"]


def test_labels_that_no_folder_can_have(tmp_path):
    table = "time,x,label\n" + "".join(f"{n},{n % 7},../up\n" for n in range(200))

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"log.csv": table.encode()})
        plan = await upload.read(rate="10")
        assert "cannot have" in plan["problem"] or "cannot be" in plan["problem"]
        assert await client.refused(
            f"/api/data/import/{upload.id}/write", {"options": {"rate": "10"}}
        )
        assert not [*tmp_path.rglob("*.rec")]

    with_studio(tmp_path, use)


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data_unpack, "MOST_BYTES", 1 << 20)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", b"0" * (1 << 24))

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"bomb.zip": packed.getvalue()})
        told = await client.refused(f"/api/data/import/{upload.id}/read", {"options": {}})
        assert "more than 1,048,576 bytes" in told
        upload = Upload(client)
        status, body = await upload.drop({"big.csv": b"0" * (1 << 21)})
        assert status == 400 and b"more than" in body

    with_studio(tmp_path, use)


def test_a_damaged_archive_is_not_imported_in_part(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n in range(4):
            archive.writestr(f"gest/{'ab'[n % 2]}/{n}.csv", csv_text(1 + n))
    damaged = bytearray(packed.getvalue())
    damaged[damaged.rfind(b"PK\x03\x04") + 200] ^= 255  # amid the last file

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"g.zip": bytes(damaged)})
        path = f"/api/data/import/{upload.id}"
        for options in ({}, {"header": "yes"}, {"skip": True}):
            told = await client.refused(f"{path}/read", {"options": options})
            assert "g.zip is damaged" in told and "Bad CRC-32" in told
            told = await client.refused(f"{path}/write", {"options": options})
            assert "g.zip is damaged" in told
        assert (await client.get("/api/data"))["total"] == 0
        upload = Upload(client)
        await upload.drop({"g.zip": packed.getvalue()})
        assert (await upload.read())["makes"] == 4

    with_studio(tmp_path, use)


def test_parts_become_groups(tmp_path):
    files = {f"d/{part}/{label}/{n}.csv": csv_text(n + 1).encode()
             for part in ("train", "test") for label in ("a", "b") for n in range(2)}  # fmt: skip

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop(files)
        plan = await upload.read()
        assert ("a", "test", 2) in rows(plan) and ("b", "training", 2) in rows(plan)
        assert any("become groups" in note for note in plan["notes"])
        await upload.write()
        assert read(tmp_path).test_groups

    with_studio(tmp_path, use)


def test_damaged_forms_and_half_files(tmp_path):
    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"a/1.csv": csv_text(1).encode()})
        path = f"/api/data/import/{upload.id}/files"
        for kind, body in (
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=b", b"no boundary"),
            ("multipart/form-data; boundary=b", b"--b\r\nbroken\r\n\r\nx\r\n--b--\r\n"),
            ("application/json", b"{}"),
        ):
            status, told = await client.raw("POST", path, data=body, headers={"Content-Type": kind})
            assert status in (200, 400), (kind, told)
        assert rows(await upload.read()) == [("a", "", 1)]
        assert "is there twice" in str(await upload.drop({"a/1.csv": b"x"}))

    with_studio(tmp_path, use)


def test_rows_without_times_are_samples_as_convert_takes_them(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{label},p{n},{a},{b}" for n in range(2) for label in ("walk", "run")
             for a, b in rng.integers(-900, 900, (100, 2))]  # fmt: skip
    table = "\n".join(["label,person,x,y", *lines]).encode()
    (tmp_path / "log.csv").write_bytes(table)
    target = tmp_path / "converted"
    target.mkdir()
    assert main(["convert", str(tmp_path / "log.csv"), str(target), "--to", "rec",
                 "--rate", "50"]) == 0  # fmt: skip

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"log.csv": table})
        assert "rate" in (await upload.read())["problem"]
        plan = await upload.read(rate="50")
        assert plan["makes"] == 4 and "one sample" in str(plan["notes"])
        await upload.write(rate="50")
        assert counts(tmp_path / "data") == counts(target) != []

    with_studio(tmp_path / "data", use)


def test_what_is_there_already_is_said_and_not_refused(tmp_path):
    data = tmp_path / "data"
    gestures(tmp_path / "theirs", 1)
    (data / "wave").mkdir(parents=True)
    own = next((tmp_path / "theirs" / "wave").rglob("*.rec"))
    (data / "wave" / "7.rec").write_bytes(own.read_bytes())

    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop(tree(tmp_path / "theirs", "theirs"))
        plan = await upload.read()
        assert (plan["there"], plan["makes"], plan["problem"]) == (1, 6, "")
        assert (await client.get("/api/data/import"))["open"] == [upload.id]  # a page may come back
        await upload.write()
        assert (await client.get("/api/data/import"))["open"] == []
        upload = Upload(client)
        await upload.drop(tree(tmp_path / "theirs", "theirs"))
        plan = await upload.read()
        assert (plan["there"], plan["makes"], plan["problem"]) == (6, 6, "")

    with_studio(data, use)


def test_what_cannot_be_read_is_said_in_whole_sentences(tmp_path):
    async def use(client: Client) -> None:
        upload = Upload(client)
        await upload.drop({"a/broken.wav": b"RIFF", "a/fine.wav": b""})
        assert "()" not in (await upload.read())["problem"]
        upload = Upload(client)
        await upload.drop({"a/notes.xyz": b"x", "b/notes.xyz": b"x"})
        assert ", .zip)" in (await upload.read())["problem"]

    with_studio(tmp_path / "data", use)
