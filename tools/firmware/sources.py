"""Fetch the pinned MicroPython sources and assemble one tree that builds offline.

MicroPython, the Pico SDK and TinyUSB come as three archives from the Debian mirror that this
system's own apt is configured for. Each is pinned by its SHA-256, so neither package lists nor
signatures are needed and the system's apt state stays as it is. What is cached is not fetched
again, and the tree appears at its place only when it is whole.

Usage: python -m tools.firmware.sources [--micropython DIR]    prints the path of the tree
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.firmware.releases import EDITS, PINNED, RELEASES, Release
from tools.firmware.releases import SUITE as SUITE
from tools.firmware.releases import Archive as Archive

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SOURCES = BUILD / "sources"
RP2_LIBRARIES = {"pico-sdk": "pico_sdk_init.cmake", "tinyusb": "src/tusb.h"}
APT_HELPER = Path("/usr/lib/apt/apt-helper")


class SourceError(Exception):
    """The sources cannot be had; the text says why and how to go on."""


GO_ON = (
    "To go on with a MicroPython checkout of your own (v1.25, with its submodules):\n"
    "  MICROPYTHON_DIR=/path/to/micropython make demo"
)


@contextmanager
def lock(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold an exclusive lock on `path` across processes; say so if somebody else holds it."""
    import fcntl  # not on Windows, where the tests of the wheel run and build nothing

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process: {waiting_for}", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def mirrors() -> list[str]:
    """The archive roots that the system's apt is configured for, main suites first."""
    if not APT_HELPER.exists():
        raise SourceError(f"There is no apt on this system to fetch MicroPython with.\n{GO_ON}")
    listing = subprocess.run(
        ["apt-get", "--print-uris", "update"], capture_output=True, text=True, check=False
    )
    found: dict[str, bool] = {}
    for base, suite in re.findall(r"^'(\S+?)/dists/(\S+)/InRelease'", listing.stdout, re.MULTILINE):
        if base.startswith("mirror+file:"):  # a file of mirror URIs, as on Debian's cloud images
            lines = Path("/" + base.removeprefix("mirror+file:").lstrip("/")).read_text().split()
            base = lines[0].rstrip("/")
        if not base.startswith("cdrom:"):
            found[base] = found.get(base, True) and "security" in suite
    if not found:
        detail = listing.stderr.strip() or "its source lists name no mirror"
        raise SourceError(f"apt knows no Debian mirror: {detail}\n{GO_ON}")
    return sorted(found, key=lambda base: found[base])


def apt_fetch(uri: str, target: Path) -> str | None:
    """Download `uri` with apt's own settings (proxy, credentials); None, or what went wrong."""
    options = ["-o", "Acquire::Retries=2"]
    if os.geteuid() == 0:  # else apt cannot write into a folder of root's
        options += ["-o", "APT::Sandbox::User=root"]
    done = subprocess.run(
        [str(APT_HELPER), *options, "download-file", uri, str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and target.exists():
        return None
    errors = [line for line in done.stderr.splitlines() if line.startswith("E: Failed")]
    return (errors or done.stderr.splitlines() or [f"exit status {done.returncode}"])[0]


def offered(mirror: str, archive: Archive, scratch: Path) -> str:
    """The version of a source package that the archive's suite offers now, or "none"."""
    index = scratch / "Sources.xz"
    if apt_fetch(f"{mirror}/dists/{archive.suite}/main/source/Sources.xz", index):
        return "none"
    text = subprocess.run(["xz", "-dc", str(index)], capture_output=True, text=True, check=True)
    pattern = rf"^Package: {re.escape(archive.package)}\n(?:.+\n)*?Version: (\S+)"
    match = re.search(pattern, text.stdout, re.MULTILINE)
    return match[1] if match else "none"


def download(archive: Archive) -> Path:
    """The archive's file in the cache, fetched if it is not there; always of the pinned hash."""
    cached = SOURCES / "archives" / archive.name
    if cached.exists() and sha256(cached) == archive.sha256:
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as scratch:
        fresh = Path(scratch) / archive.name
        problems = []
        for mirror in mirrors():
            problem = apt_fetch(f"{mirror}/{archive.path}", fresh)
            if problem is None:
                break
            problems.append((mirror, problem))
        else:
            text = "\n".join(f"  {problem}" for _, problem in problems)
            if re.search("404 +Not Found|No such file", text):
                now = offered(problems[0][0], archive, Path(scratch))
                text += (
                    f"\nWanted: {archive.package} {archive.version} of Debian {archive.suite}; "
                    f"the mirror offers: {now}."
                )
            raise SourceError(f"{archive.name} cannot be downloaded:\n{text}\n{GO_ON}")
        found = sha256(fresh)
        if found != archive.sha256:
            raise SourceError(
                f"{archive.name} is refused: its SHA-256 is not the pinned one.\n"
                f"  pinned {archive.sha256}\n  found  {found}\n"
                "Nothing was unpacked. Try another mirror, or report this if it stays so.\n" + GO_ON
            )
        fresh.replace(cached)
    return cached


def unpack_deb(deb: Path, folder: str, target: Path) -> None:
    """Move `folder` of a Debian package to `target`."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        subprocess.run(["dpkg", "-x", str(deb), scratch], check=True)
        shutil.rmtree(target, ignore_errors=True)
        (Path(scratch) / folder).rename(target)


def assemble(release: Release, target: Path) -> None:
    """Unpack the cached archives into one MicroPython tree at `target`."""
    micropython, pico_sdk, tinyusb = map(download, release.archives)
    subprocess.run(
        ["tar", "-xJf", str(micropython), "-C", str(target), "--strip-components=1"], check=True
    )
    unpack_deb(pico_sdk, "usr/src/pico-sdk", target / "lib/pico-sdk")
    unpack_deb(tinyusb, "usr/src/tinyusb", target / "lib/tinyusb")
    for library in ("pico-sdk", "micropython-lib"):  # the build only looks whether it is there
        (target / "lib" / library / "README.md").touch()
    for name, pattern, replacement in EDITS:
        path = target / name
        text, count = re.subn(pattern, replacement, path.read_text())
        if count != 1:
            raise SourceError(f"{name}: {pattern!r} found {count} times, expected once")
        path.write_text(text)


def identity(release: Release) -> str:
    """Changes when the release's tree would."""
    return hashlib.sha256(repr((release.archives, EDITS)).encode()).hexdigest()


def release_of(tree: Path) -> Release | None:
    """The release that `micropython` made a tree of; None for somebody's own tree."""
    releases = (PINNED, *RELEASES.values())
    return next((each for each in releases if SOURCES / each.name == tree), None)


def own_checkout(tree: Path, port: str = "rp2", wanted: Mapping[str, str] = RP2_LIBRARIES) -> Path:
    """Check somebody's own MicroPython tree and return its absolute path.

    Args:
        tree: its top folder.
        port: a port that it must have.
        wanted: the libraries in `lib` that the port is built with, and a file of each.
    """
    if not (tree / "py/mpconfig.h").exists() or not (tree / "ports" / port).exists():
        raise SourceError(
            f"{tree} is not a MicroPython source tree (no py/mpconfig.h or ports/{port} there).\n"
            "Give the top folder of a checkout as MICROPYTHON_DIR or --micropython."
        )
    missing = [
        f"lib/{name}"
        for name, probe in wanted.items()
        if not (tree / "lib" / name / probe).exists()
    ]
    if missing:
        raise SourceError(
            f"{tree} lacks {' and '.join(missing)}. There, run:\n"
            f"  git submodule update --init {' '.join(f'lib/{name}' for name in wanted)}"
            f"{' lib/mbedtls lib/micropython-lib' if port == 'rp2' else ''}"
        )
    return tree.resolve()


def micropython(own: str | os.PathLike[str] | None = None) -> Path:
    """The MicroPython tree to build from.

    Args:
        own: a checkout to use instead of the pinned sources, or a name of RELEASES; by default
            what the environment variable MICROPYTHON_DIR names, if it is set.

    Raises:
        SourceError: no network, a refused or vanished package, a wrong hash or a wrong tree.
    """
    own = own or os.environ.get("MICROPYTHON_DIR")
    if own and str(own) not in RELEASES:
        return own_checkout(Path(own))
    release = RELEASES[str(own)] if own else PINNED
    tree = SOURCES / release.name
    stamp = tree / ".xnornode"
    with lock(SOURCES / "lock", "the MicroPython sources"):
        if stamp.exists() and stamp.read_text() == identity(release):
            return tree
        print(f"sources: MicroPython {release.version}, Pico SDK, TinyUSB ...", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=SOURCES, prefix="unpack-") as scratch:
            fresh = Path(scratch) / release.name
            fresh.mkdir()
            assemble(release, fresh)
            (fresh / stamp.name).write_text(identity(release))
            shutil.rmtree(tree, ignore_errors=True)
            fresh.rename(tree)
    return tree


def main() -> int:
    assert __doc__
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog="The environment variable MICROPYTHON_DIR does the same as --micropython.",
    )
    parser.add_argument("--micropython", metavar="DIR", help="use this checkout, download nothing; "
                        f"{', '.join(RELEASES)}: another release")  # fmt: skip
    arguments = parser.parse_args()
    try:
        print(micropython(arguments.micropython))
    except SourceError as error:
        print(f"sources: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
