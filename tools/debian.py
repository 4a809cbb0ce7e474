"""Programs of Debian packages, unpacked below build/debian: nothing is installed or started.

Usage: python -m tools.debian PACKAGE ...       such as prometheus, influxdb; prints their folders
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.firmware.sources import BUILD, SourceError, lock


def unpacked(package: str) -> Path:
    """The folder with a package's files, of the Debian that this computer runs.

    apt checks what it downloads by Debian's signature. Raises SourceError where it cannot be had.
    """
    folder = BUILD / "debian" / package
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock(folder.with_suffix(".lock"), f"Debian's {package}"):
        if folder.exists():
            return folder
        if not shutil.which("apt-get"):
            raise SourceError(f"there is no apt-get here to download {package} with")
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
            command = ["apt-get", *options, "download", package]
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
            if done.returncode:
                raise SourceError(
                    f"apt-get cannot download {package}: {done.stderr.strip()}\n"
                    "If its lists are missing or old: sudo apt-get update"
                )
            (deb,) = Path(scratch).glob("*.deb")
            fresh = Path(scratch) / "files"
            subprocess.run(["dpkg", "-x", str(deb), str(fresh)], check=True)
            fresh.rename(folder)
    return folder


def main() -> int:
    """Exit status: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    try:
        for package in parser.parse_args().packages:
            print(unpacked(package))
    except SourceError as error:
        print(f"Debian packages: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
