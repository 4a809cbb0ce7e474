"""What pages ask about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from xnornode.studio.requests import answer, query_number

if TYPE_CHECKING:
    from xnornode.studio.app import Studio


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    jobs = studio.jobs
    studio.closing.append(jobs.close)

    async def listed(request: web.Request) -> web.Response:
        return answer({"jobs": [job.public() for job in await studio.run(jobs.list)]})

    async def one(request: web.Request) -> web.Response:
        return answer({"job": (await studio.run(jobs.get, request.match_info["id"])).public()})

    async def talk(request: web.Request) -> web.Response:
        after = query_number(request, "after", 0)
        return answer({"talk": await studio.run(jobs.talk, request.match_info["id"], after)})

    async def output(request: web.Request) -> web.Response:
        return answer({"text": await studio.run(jobs.output, request.match_info["id"])})

    async def stop(request: web.Request) -> web.Response:
        await studio.run(jobs.stop, request.match_info["id"])
        return answer({})

    async def resume(request: web.Request) -> web.Response:
        return answer({"job": (await studio.run(jobs.resume, request.match_info["id"])).public()})

    async def remove(request: web.Request) -> web.Response:
        await studio.run(jobs.remove, request.match_info["id"])
        return answer({})

    return [
        web.get("/api/jobs", listed),
        web.get("/api/jobs/{id}", one),
        web.get("/api/jobs/{id}/talk", talk),
        web.get("/api/jobs/{id}/output", output),
        web.post("/api/jobs/{id}/stop", stop),
        web.post("/api/jobs/{id}/resume", resume),
        web.post("/api/jobs/{id}/remove", remove),
    ]
