"""Requests that no page makes are refused with words, and a fault of ours is told with words."""

import json

import pytest

from tests.lab.studio_app import Client, with_studio
from xnornode.studio import nodes_files

pytestmark = pytest.mark.quick

FORM = "multipart/form-data"
BODIES = [
    (FORM, b"x"),
    (f"{FORM}; boundary=q", b"x"),
    (f"{FORM}; boundary=q", b"--q\r\nxx"),
    (f"{FORM}; boundary=q", b"--q\r\n\0: x\r\n\r\n"),
]


def test_forms_that_are_damaged(tmp_path):
    async def use(client: Client) -> None:
        for path in ("/api/node/file", "/api/models"):
            for kind, body in BODIES:
                headers = {"Content-Type": kind}
                status, text = await client.raw("POST", path, data=body, headers=headers)
                assert status == 400 and json.loads(text)["error"], (path, kind, body)

    with_studio(tmp_path, use)


def test_texts_that_no_command_or_port_can_have(tmp_path):
    async def use(client: Client) -> None:
        headers = {"Content-Type": "application/json; charset=utf-99"}
        status, _ = await client.raw("POST", "/api/node/choose", data=b"{}", headers=headers)
        assert status == 400
        await client.refused("/api/live/keep", {"label": "x", "seconds": 10**400})
        assert "'\\ud800' holds" in await client.refused("/api/node/flash", {"drive": "\ud800"})
        assert (await client.get("/api/jobs"))["jobs"] == []
        for name in ("/dev/\0x", "COM\ud800"):
            said = await client.refused("/api/node/choose", {"port": name})
            assert "cannot be printed" in said
        assert not (tmp_path / ".studio" / "settings.json").exists()

    with_studio(tmp_path, use)


def test_a_fault_of_ours_is_a_line_and_an_answer(tmp_path, monkeypatch, capsys):
    def broken(_):
        raise RuntimeError("odd\n")

    monkeypatch.setattr(nodes_files, "models", broken)

    async def use(client: Client) -> None:
        status, text = await client.raw("GET", "/api/node")
        assert status == 500 and "RuntimeError: odd" in json.loads(text)["error"]
        assert (await client.raw("GET", "/nothing"))[0] == 404

    with_studio(tmp_path, use)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "GET /api/node: RuntimeError: odd" in said
