"""Debian's Mosquitto on a port of its own: with TLS, passwords and access lists where asked for."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from xnornode.link.mqtt_settings import BrokerSettings

PROGRAM = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
PATIENCE = 30.0  # seconds for it to listen
DAYS = "3650"


class Mosquitto:
    """A broker in a folder; started and stopped as often as one likes, on the same port.

    users: passwords by name; without them anybody is let in. acl: text of its access list. tls:
    certificates are made, and nothing else is taken. keeps: whether retained messages outlast a
    restart (they are saved when it ends, not when it is killed). config: further lines.
    """

    def __init__(
        self,
        folder: Path,
        users: dict[str, str] | None = None,
        acl: str = "",
        tls: bool = False,
        keeps: bool = True,
        config: str = "",
    ) -> None:
        assert PROGRAM, "mosquitto is not installed: tools/setup/setup.sh test"
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port, self._tls = folder, free_port(), tls
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "mosquitto.log"
        # Mosquitto drops what a client has not confirmed beyond 1000 messages, unless told not to
        lines = [f"listener {self.port} 127.0.0.1", "set_tcp_nodelay true", "max_queued_messages 0"]
        lines += [f"allow_anonymous {'false' if users else 'true'}"]
        if users:
            passwords = folder / "passwords"
            passwords.write_text("".join(f"{name}:{word}\n" for name, word in users.items()))
            tool = shutil.which("mosquitto_passwd", path=os.environ.get("PATH", "") + ":/usr/sbin")
            assert tool
            subprocess.run([tool, "-U", str(passwords)], check=True)
            lines += [f"password_file {passwords}"]
        if acl:
            (folder / "acl").write_text(acl)
            lines += [f"acl_file {folder / 'acl'}"]
        if tls:
            self.ca, certificate, key = certificates(folder)
            lines += [f"certfile {certificate}", f"keyfile {key}"]
        if keeps:
            lines += ["persistence true", f"persistence_location {folder}/"]
        if os.geteuid() == 0:
            lines += ["user root"]  # the folder is root's
        (folder / "mosquitto.conf").write_text("\n".join([*lines, config, ""]))

    def settings(self, user: str = "", password: str = "", **more: str) -> BrokerSettings:
        """How a client reaches it."""
        tls = {"tls": True, "ca": str(self.ca)} if self._tls else {}
        return BrokerSettings(
            "localhost" if self._tls else "127.0.0.1",
            self.port,
            user,
            password,
            **tls,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(PROGRAM), "-c", str(self.folder / "mosquitto.conf")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto does not listen: {self.log.read_text()[-2000:]}")

    def stop(self, kill: bool = False) -> None:
        """End it; its clients lose their connections. kill: as a power cut does."""
        if self._process:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait(PATIENCE)
            self._process = None

    def restart(self, kill: bool = False) -> None:
        """End and start it."""
        self.stop(kill)
        self.start()

    @property
    def pid(self) -> int:
        """Number of its process."""
        assert self._process
        return self._process.pid

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """A TCP port that nothing listens on, and that no connection gets by itself meanwhile."""
    while True:
        port = random.randint(20_000, 32_000)  # below those that the system gives to connections
        with contextlib.suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and a certificate of localhost with its key, in PEM; ca.der beside them."""

    def openssl(*arguments: str | Path) -> None:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    ca, key, request, made = (folder / name for name in ("ca.pem", "key.pem", "csr.pem", "crt.pem"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *("req", "-x509", *curve, "-days", DAYS, "-subj", "/CN=test authority"),
        *("-keyout", folder / "ca.key", "-out", ca),
    )
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", key, "-out", request)
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
        *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", folder / "ca.key"),
        *("-CAcreateserial", "-days", DAYS, "-extfile", names, "-out", made),
    )
    openssl("x509", "-in", ca, "-outform", "DER", "-out", folder / "ca.der")
    return ca, made, key
