"""The page Node with the real commands, and with a real node."""

import asyncio
import json
from typing import Any

from tests.lab.livenode import live_node, model_bytes
from tests.lab.studio_app import Client, with_studio
from tests.lab.studio_ports import until


async def ended(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """A job once it has ended, with what it printed."""
    while (now := (await client.get(f"/api/jobs/{job['id']}"))["job"])["ended"] is None:
        await asyncio.sleep(0.1)
    return {**now, **await client.get(f"/api/jobs/{job['id']}/output")}


def test_doctors_findings_come_as_objects_and_crowd_nothing_out(tmp_path, plugged):
    """Without a board: the real command, in a process of its own."""

    async def use(client: Client) -> None:
        for _ in range(2):
            job = (await client.post("/api/node/doctor"))["job"]
            done = await ended(client, job)
            assert done["exit"] == 1
        assert [j["id"] for j in (await client.get("/api/jobs"))["jobs"]] == [job["id"]]
        last = json.loads(done["text"].splitlines()[-1])
        assert (last["level"], last["action"]) == ("failure", "port")

    with_studio(tmp_path / "data", use)


def test_a_node_that_classifies_is_shown_and_looked_over(tmp_path, plugged):
    """A real node: it goes on while the real command shares its port."""
    with live_node(tmp_path / "node", model_bytes(), realtime=True) as (_, bridge):

        async def use(client: Client) -> None:
            async with client.topics("node-counts") as message:
                await client.post("/api/node/choose", {"port": bridge.url})
                await until(message, lambda m: m["counts"].get("predictions"))
                assert client.studio.link.state()["hello"]["running"]
                job = (await client.post("/api/node/doctor"))["job"]
                assert "runs: wait until" in await client.refused("/api/node/update", {})
                done = await ended(client, job)
                findings = [json.loads(line) for line in done["text"].splitlines()]
                assert done["exit"] == 0 and findings[-1]["text"] == "predictions come"
                assert all(set(f) == {"level", "text", "remedy", "action"} for f in findings)
                assert (await client.get("/api/node"))["look"] is None, "it has said hello"

        with_studio(tmp_path / "data", use)
