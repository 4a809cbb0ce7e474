"""The models that are kept: compared, renamed, deleted, added, pushed, made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from xnornode.errors import XnorNodeError
from xnornode.studio.app import Studio
from xnornode.studio.models_kept import KeptModels, read_made
from xnornode.studio.nodes_ports import arguments
from xnornode.studio.requests import LONGEST_BODY, BadRequest, answer, read_json, reading_form
from xnornode.studio.security import FRAMED
from xnornode.studio.train import Trainings, kept_models
from xnornode.studio.train_command import MODEL, REPORT, path_text

BLOCK = 1 << 16
"""Bytes of an upload that are taken at a time."""


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    models: KeptModels = kept_models(studio)

    def listed() -> dict[str, Any]:
        return {"models": models.list(studio.jobs.list(), studio.data), "bin": models.binned()}

    def one(name: str) -> dict[str, Any]:
        return models.one(name, studio.jobs.list(), studio.data)

    def unused(name: str) -> None:
        """Raise XnorNodeError while a job works on the model."""
        for job in studio.jobs.list():
            if job.about.get("model") == name and job.running:
                raise XnorNodeError(f"{job.title} runs: wait until it is done, or stop it")

    def rename(name: str, to: str) -> dict[str, Any]:
        unused(name)
        if not (models.place(name) / MODEL).is_file():
            raise XnorNodeError(f"{name} is not done: go on with its training, or delete it")
        return {"name": models.rename(name, to)}

    def remove(name: str) -> dict[str, Any]:
        unused(name)
        there = models.remove(name)
        for job in studio.jobs.list():
            if job.about.get("model") == name:
                studio.jobs.remove(job.id)
        return {"bin": there}

    def again(name: str) -> dict[str, Any]:
        made = read_made(models.place(name))
        kind, options = made.get("kind"), made.get("options")
        if kind not in ("train", "search") or not isinstance(options, dict):
            raise XnorNodeError(f"{name} was made elsewhere: nothing says by which command")
        typed = made.get("name")
        named = typed if isinstance(typed, str) else ""
        return Trainings(studio).start(kind, options, named)

    def push(name: str, slow: bool) -> dict[str, Any]:
        port = studio.link.port
        if port is None:
            raise XnorNodeError("no node is chosen: plug one in, and choose it on the page Node")
        argv = [
            "push",
            path_text(models.file(name)),
            *arguments(port),
            *(["--allow-slow"] if slow else []),
        ]
        about = {"model": name, "port": str(port)}
        job = studio.jobs.start(
            "push", argv, f"push of {name}", about=about, exclusive=f"node:{port}"
        )
        return {"job": job.public()}

    async def get_all(request: web.Request) -> web.Response:
        return answer(await studio.run(listed))

    async def get_one(request: web.Request) -> web.Response:
        return answer(await studio.run(one, request.match_info["name"]))

    async def get_report(request: web.Request) -> web.StreamResponse:
        path = await studio.run(models.file, request.match_info["name"], REPORT)
        return web.FileResponse(
            path, headers={**FRAMED, "Content-Type": "text/html; charset=utf-8"}
        )

    async def get_file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path: Path = await studio.run(models.file, name)
        response = web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})
        response.headers["Content-Disposition"] = _attached(f"{name}.bnn")
        return response

    async def post_rename(request: web.Request) -> web.Response:
        body = await read_json(request, {"to": str})
        return answer(await studio.run(rename, request.match_info["name"], body["to"].strip()))

    async def post_remove(request: web.Request) -> web.Response:
        return answer(await studio.run(remove, request.match_info["name"]))

    async def post_again(request: web.Request) -> web.Response:
        return answer(await studio.run(again, request.match_info["name"]))

    async def post_push(request: web.Request) -> web.Response:
        body = await read_json(request, {"allow_slow": (bool, False)})
        return answer(await studio.run(push, request.match_info["name"], body["allow_slow"]))

    async def post_add(request: web.Request) -> web.Response:
        files = await _files(request)
        if not files:
            raise BadRequest("no file was sent")
        names = []
        for name, data in files:
            try:
                names.append(await studio.run(models.add, data, Path(name).stem))
            except XnorNodeError as error:
                raise XnorNodeError(f"{name}: {error}") from error
        return answer({"names": names})

    async def post_back(request: web.Request) -> web.Response:
        body = await read_json(request, {"bin": str})
        return answer({"name": await studio.run(models.bring_back, body["bin"])})

    return [
        web.get("/api/models", get_all),
        web.post("/api/models", post_add),
        web.post("/api/models/back", post_back),
        web.get("/api/models/{name}", get_one),
        web.get("/api/models/{name}/report.html", get_report),
        web.get("/api/models/{name}/model.bnn", get_file),
        web.post("/api/models/{name}/rename", post_rename),
        web.post("/api/models/{name}/remove", post_remove),
        web.post("/api/models/{name}/again", post_again),
        web.post("/api/models/{name}/push", post_push),
    ]


def _attached(name: str) -> str:
    """A header that has a browser save a file (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


async def _files(request: web.Request) -> list[tuple[str, bytes]]:
    """The files of an upload, all together as long as a request may be. Raises BadRequest."""
    if request.content_type != "multipart/form-data":
        raise BadRequest("the request holds no files")
    found, left = [], LONGEST_BODY
    with reading_form():
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name != "file":
                continue
            data = bytearray()
            while block := await part.read_chunk(BLOCK):
                data += block
                left -= len(block)
                if left < 0:
                    raise BadRequest(f"a model has at most {LONGEST_BODY:,} bytes")
            found.append((part.filename or "model", bytes(data)))
    return found
