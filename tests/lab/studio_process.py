"""A real `xnornode studio`, in a process of its own."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

COMMAND = str(Path(sys.executable).parent / "xnornode")
PATIENCE = 120.0  # seconds for anything, on a busy computer


class StudioProcess:
    """`xnornode studio DATA` in a process of its own, from `__enter__` to `__exit__`.

    Args:
        data: the folder of the recordings.
        options: further ones of the command.
        environment: in addition to this process's. None: a variable that is taken out.
    """

    def __init__(self, data: Path, *options: str | Path, **environment: str | None) -> None:
        given = {"XNORNODE_PORT": None, **environment}
        kept = {name: text for name, text in os.environ.items() if name not in given}
        self.environment = kept | {name: text for name, text in given.items() if text is not None}
        command = [COMMAND, "studio", str(data), "--no-browser", *map(str, options)]
        self.command = command if "--http" in options else [*command, "--http", "0"]
        self.data = data
        self.address = ""
        self.said: list[str] = []
        """Lines that it printed, of both streams."""

    def __enter__(self) -> "StudioProcess":
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            cwd=self.data.parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            wait(lambda: self.address or not self._reader.is_alive(), "the studio's address")
            assert self.address, f"the studio has ended: {self.text}"
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        status = self.end()
        if error is not None:
            print(self.text)
        else:
            assert "Traceback" not in self.text, self.text
            assert status in (0, -signal.SIGKILL), f"exit status {status}: {self.text}"

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(r"http://\S+\?token=\S+", line):
                self.address = found.group()

    @property
    def text(self) -> str:
        """All that it printed."""
        return "".join(self.said)

    @property
    def token(self) -> str:
        """The secret in its address."""
        return parse_qs(urlsplit(self.address).query)["token"][0]

    @property
    def port(self) -> int:
        """Its TCP port."""
        port = urlsplit(self.address).port
        assert port
        return port

    @property
    def origin(self) -> str:
        """The address without the token and without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and content of an answer to a request that the studio's page may send.

        Args:
            headers: in place of the page's; an underscore stands for a dash. None: without it.
        """
        own = {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": self.origin,
            "Cookie": f"xnornode-{self.port}={self.token}",
            "Content-Type": "application/json",
        }
        own |= {name.replace("_", "-"): text for name, text in headers.items()}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, text in own.items():
                if text is not None:
                    line.putheader(name, text)
            if body is not None:
                line.putheader("Content-Length", str(len(body)))
            line.endheaders(body)
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            line.close()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does, or otherwise. Returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the studio does not end by {how.name}: {self.text}") from None
        self._reader.join(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return status


def wait(done: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What `done` returns, once it is true."""
    deadline = time.monotonic() + patience
    while not (found := done()):
        assert time.monotonic() < deadline, f"nothing for {patience} s: {what}"
        time.sleep(0.05)
    return found
