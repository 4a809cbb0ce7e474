"""The page Live with a node: its samples, and the model before."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np

from tests.lab.livenode import live_node, model_bytes
from tests.lab.recordlab import counting_node, expected
from tests.lab.studio_app import Client, with_studio
from xnornode.data.recording_file import from_bytes
from xnornode.link.addresses import Port
from xnornode.link.push import push

PLACE = {"label": "wave", "group": "anna"}


def test_samples_of_a_node_become_a_recording(tmp_path):
    async def use(client: Client) -> None:
        with counting_node(tmp_path / "node", "loop", rate=100.0) as (_, bridge):
            await client.studio.run(client.studio.link.choose, Port(bridge.url))
            while "hello" not in client.studio.link.state():
                await asyncio.sleep(0.05)
            async with client.topics("live", "prediction") as message:
                seen: dict[str, Any] = {}
                while not {"live", "prediction"} <= seen.keys():
                    got = await message()
                    seen[got["topic"]] = got
                assert seen["live"]["channels"] == ["ch0 (g)", "ch1 (g)"]
                made = await client.post("/api/live/keep", {**PLACE, "seconds": 0.1})
            path = client.studio.data / made["path"]
            samples = from_bytes(path.read_bytes(), str(path)).recording.samples
            first = int(samples[0, 0]) * pow(7, -1, 65536) % 65536
            assert np.array_equal(samples, expected(first, len(samples)))
            await client.studio.run(client.studio.link.choose, None)

    with_studio(tmp_path / "data", use)


def test_rollback_is_a_job_beside_the_pages_that_watch(tmp_path):
    """The command shares the port with the studio, and pages hear that it is done."""

    async def use(client: Client) -> None:
        models = tmp_path / "data" / ".studio" / "models" / "second"
        models.mkdir(parents=True)
        (models / "model.bnn").write_bytes(model_bytes(2))
        with live_node(tmp_path / "node", model_bytes(1), realtime=True) as (_, bridge):
            await client.studio.run(push, bridge.url, model_bytes(2))
            await client.studio.run(client.studio.link.choose, Port(bridge.url))
            before = await client.get("/api/live/models")
            assert before["kept"]["name"] == "second" and before["kept"]["times"]
            async with client.topics("jobs") as message:
                begun = (await client.post("/api/live/rollback"))["job"]
                state = "running"
                while state == "running":
                    jobs = {job["id"]: job for job in (await message())["jobs"]}
                    state = jobs[begun["id"]]["state"] if begun["id"] in jobs else state
            assert state == "done", json.dumps(jobs)
            after = await client.get("/api/live/models")
            assert after["active"]["sha256"] == before["previous"]["sha256"]
            assert after["previous"]["sha256"] == before["active"]["sha256"]
            assert after["kept"] is None
            await client.studio.run(client.studio.link.choose, None)

    with_studio(tmp_path / "data", use)
