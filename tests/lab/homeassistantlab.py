"""A real Home Assistant beside a broker, asked and told by its own HTTP API."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.brokerlab import free_port
from tools.homeassistant import command
from xnornode.link.mqtt_settings import BrokerSettings

PATIENCE = 120.0  # seconds for it to start, of which a busy computer needs some ten
SECRET = "ab" * 64
CONFIGURATION = """
homeassistant:
  name: Test
  unit_system: metric
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
automation: !include automations.yaml
automation written: !include written.yaml
logger:
  default: warning
"""


class HomeAssistant:
    """One that starts in an empty folder, knows its broker, and has a user with a token.

    written: YAML of an automation that it has from its start.
    """

    def __init__(self, folder: Path, broker: BrokerSettings, written: str = "") -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / ".storage").mkdir(parents=True)
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self.port))
        (folder / "automations.yaml").write_text("[]\n")
        (folder / "written.yaml").write_text(written or "[]\n")
        entry = {"entry_id": "x1", "version": 1, "minor_version": 2, "domain": "mqtt"}
        where = {"broker": broker.host, "port": broker.tcp_port}
        where |= {"username": broker.user, "password": broker.password} if broker.user else {}
        entry |= {"title": "mqtt", "data": where, "options": {}}
        entry |= {"pref_disable_new_entities": False, "pref_disable_polling": False}
        entry |= {"source": "user", "unique_id": None, "disabled_by": None}
        self._store("core.config_entries", {"entries": [entry]})
        self._store("auth", _users())
        self.token = _token()

    def _store(self, key: str, data: dict[str, Any]) -> None:
        whole = {"version": 1, "minor_version": 1, "key": key, "data": data}
        (self.folder / ".storage" / key).write_text(json.dumps(whole))

    def start(self) -> None:
        """Start it, and wait until it runs."""
        arguments, environment = command(self.folder)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.get("config")["state"] == "RUNNING":
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        raise AssertionError(f"Home Assistant does not run: {self.said()[-3000:]}")

    def stop(self) -> None:
        """End it; what it knows stays in its folder."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def said(self) -> str:
        """Its log: warnings and errors."""
        return self.log.read_text()

    def get(self, path: str) -> Any:
        """What its API answers. Raises urllib.error.HTTPError."""
        return self._ask(path, None)

    def post(self, path: str, **data: object) -> Any:
        """Tell its API something."""
        return self._ask(path, data)

    def _ask(self, path: str, data: dict[str, object] | None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            None if data is None else json.dumps(data).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if answer.headers.get_content_type() == "application/json" else text

    def states(self) -> dict[str, str]:
        """The state of each entity."""
        return {each["entity_id"]: each["state"] for each in self.get("states")}

    def entity(self, name: str) -> dict[str, Any] | None:
        """One entity's state and attributes; None if there is none."""
        try:
            found: dict[str, Any] = self.get(f"states/{name}")
            return found
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return None

    def call(self, service: str, **data: object) -> None:
        """Call a service, such as update.install."""
        self.post(f"services/{service.replace('.', '/')}", **data)

    def template(self, text: str) -> str:
        """What one of its templates gives."""
        return str(self.post("template", template=text))

    def automation(self, name: str, **parts: object) -> None:
        """Have an automation, as its page makes them."""
        self.post(f"config/automation/config/{name}", alias=name, mode="queued", **parts)

    def __enter__(self) -> "HomeAssistant":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()


def _users() -> dict[str, Any]:
    """An owner with a token that lives long."""
    user = {"id": "u1", "group_ids": ["system-admin"], "is_owner": True, "is_active": True}
    user |= {"name": "Test", "system_generated": False, "local_only": False}
    token = {"id": "t1", "user_id": "u1", "client_id": None, "client_name": "test"}
    token |= {"client_icon": None, "token_type": "long_lived_access_token", "version": None}
    token |= {"created_at": "2024-01-01T00:00:00+00:00", "access_token_expiration": 1e9}
    token |= {"token": "cd" * 64, "jwt_key": SECRET, "last_used_at": None, "last_used_ip": None}
    token |= {"expire_at": None, "credential_id": None}
    groups = [
        {"id": "system-admin", "name": "Administrators"},
        {"id": "system-users", "name": "Users"},
        {"id": "system-read-only", "name": "Read Only"},
    ]
    return {"users": [user], "groups": groups, "credentials": [], "refresh_tokens": [token]}


def _token() -> str:
    """What that user shows, signed as Home Assistant signs it (JWT, HS256)."""

    def text(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"iss": "t1", "iat": now - 60, "exp": now + 10**8}
    parts = [text(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(SECRET.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, text(signature)]).decode()
