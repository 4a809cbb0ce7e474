"""Dropped files into a folder of their own: names checked, sizes bounded, archives unpacked."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from xnornode._files import BLOCK
from xnornode.data import data_frames
from xnornode.data.arrays import find_folder
from xnornode.data.csv_columns import SUFFIXES as TABLES
from xnornode.data.part_names import all_parts
from xnornode.errors import DataError
from xnornode.studio.data_paths import DEEPEST, is_hidden

MOST_FILES = 50_000
"""Files of one import."""
MOST_BYTES = 4 << 30
"""Bytes of one import, archives unpacked."""
LONGEST_PART = 255
"""Bytes of a file's or folder's name."""


class Drop:
    """A folder that dropped files are written to.

    Parameters
    ----------
    folder : Path
        Is made when the first file comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = 0
        self.bytes = 0
        self.left_out: list[str] = []

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes] | None]:
        """Open a file of this name for writing; None for one that is left out.

        Raises
        ------
        DataError
            The name leads out of the folder, is there already, or there are too many files.
        """
        parts = safe_parts(name)
        if any(is_hidden(part) for part in parts):
            yield None
            return
        self.files += 1
        if self.files > MOST_FILES:
            raise DataError(f"these are more than {MOST_FILES:,} files: import them in parts")
        path = self.folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as opened:
                try:
                    yield opened
                except BaseException:  # a page that was closed has sent half a file
                    path.unlink(missing_ok=True)
                    raise
        except FileExistsError as error:
            raise DataError(f"{name} is there twice: import the folders one by one") from error
        except NotADirectoryError as error:
            raise DataError(f"{name} is a file and a folder at once") from error

    def count(self, size: int) -> None:
        """Add bytes that are about to be written. Raises DataError if they are too many."""
        self.bytes += size
        if self.bytes > MOST_BYTES:
            raise DataError(f"these are more than {MOST_BYTES:,} bytes: import them in parts")

    def unpack(self) -> None:
        """Unpack the archives on top: one that is alone here, others into folders of their names.

        Raises
        ------
        DataError
            One is damaged, or has a name that leads out of the folder.
        """
        on_top = sorted(self.folder.glob("*"))
        for path in on_top:
            if path.is_file() and path.suffix.lower() == ".zip":
                aside = self.folder.with_name("archive.zip")
                path.replace(aside)
                self._unpack(aside, path.name, "" if len(on_top) == 1 else f"{path.stem}/")
                aside.unlink()

    def _unpack(self, path: Path, shown: str, prefix: str) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
                if len(infos) > MOST_FILES:
                    raise DataError(f"{shown} has more than {MOST_FILES:,} files")
                for info in infos:
                    safe_parts(info.filename.rstrip("/"))  # of folders, too
                    if info.is_dir():
                        continue
                    if stat.S_ISLNK(info.external_attr >> 16):
                        self.left_out.append(f"{info.filename} is a symbolic link: left out")
                        continue
                    self._take(archive, info, prefix + info.filename)
        except (zipfile.BadZipFile, zlib.error, EOFError, OverflowError, ValueError) as error:
            raise DataError(
                f"{shown} is damaged, or no ZIP file ({error}): nothing of it is imported. Pack it "
                "again, and drop it again"
            ) from error
        except (NotImplementedError, RuntimeError) as error:  # other methods, or a password
            raise DataError(f"{shown} cannot be unpacked here ({error})") from error

    def _take(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> None:
        with self.file(name) as file, archive.open(info) as packed:
            while file and (block := packed.read(BLOCK)):
                self.count(len(block))  # what its head says of its length may be wrong
                file.write(block)

    def source(self) -> Path:
        """What is read: the file or the folder that holds everything.

        Raises
        ------
        DataError
            Nothing is there.
        """
        folder = self.folder
        while True:
            inside = sorted(folder.iterdir()) if folder.is_dir() else []
            if not inside:
                raise DataError("there is no file in what was dropped")
            if len(inside) > 1:
                return folder
            only = inside[0]
            if only.is_file():
                return only if only.suffix.lower() in WHOLE else folder
            if not _opens(only):
                return folder
            folder = only


WHOLE = (*TABLES, ".txt", *data_frames.SUFFIXES, ".npz", ".npy")
"""Files that may hold all recordings, with their labels."""


def _opens(folder: Path) -> bool:
    """Whether the only folder says nothing of what is in it; around files, it may say the label."""
    inside = [*folder.iterdir()]
    files = [path for path in inside if path.is_file()]
    if len(inside) - len(files) > 1 or find_folder(folder):
        return True
    alone = len(inside) == 1 and len(files) == 1 and files[0].suffix.lower() == ".npz"
    return alone or (bool(files) and all_parts([path.stem for path in files]))


def safe_parts(name: str) -> tuple[str, ...]:
    """The folders and the name of a file that somebody dropped, or that an archive has.

    Raises
    ------
    DataError
        It leads out of the folder, or no file can have it.

    Examples
    --------
    >>> safe_parts("gestures/wave/1.csv")
    ('gestures', 'wave', '1.csv')
    """
    shown = ascii(name[:80])
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part != ".")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        raise DataError(f"the name {shown} leads out of the folder: this is refused")
    if not name or "" in parts or len(parts) > DEEPEST:
        raise DataError(f"the name {shown} is empty, or lies too deep in folders")
    for part in parts:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in part):
            raise DataError(f"the name {shown} has a control character: rename it")
        if len(part.encode("utf-8", "surrogateescape")) > LONGEST_PART:
            raise DataError(f"the name {shown} is longer than {LONGEST_PART} bytes: shorten it")
    return parts
