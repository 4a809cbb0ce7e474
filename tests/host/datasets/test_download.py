"""Downloads of pinned packages, and what is said when one fails."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from tests.lab.tarball import tarball
from tools.firmware.sources import ROOT
from xnornode.datasets import download
from xnornode.datasets.download import cache_dir, fetch_deb, fetch_npm, fetch_wheel, read_tar
from xnornode.datasets.watch import WATCH_SHA256, WATCH_WHEEL
from xnornode.errors import DataError, XnorNodeError

NOBODY = "http://127.0.0.1:9/"  # the discard port: refused at once


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
    (tmp_path / "x.tgz").write_bytes(tarball(files))
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
