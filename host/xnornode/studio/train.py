"""Trainings and searches: their options, what they would try, and the jobs that carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from xnornode.data.recording_folder import check_name
from xnornode.errors import DataError, XnorNodeError
from xnornode.studio import train_data
from xnornode.studio.app import Studio
from xnornode.studio.jobs_files import Job
from xnornode.studio.models_kept import MADE, TRAININGS, KeptModels, now, read_made, write_made
from xnornode.studio.requests import BadRequest, answer, read_json
from xnornode.studio.train_command import COMMANDS, command, offered
from xnornode.studio.train_plan import Planner, Superseded

EXCLUSIVE = "train"
"""One training runs at a time: two would each take twice as long."""
USUAL = "model"
"""A model's name where the data's folder has none that a folder can have."""


class Trainings:
    """Begins trainings and searches as jobs. All methods may be called from any thread.

    Parameters
    ----------
    studio : Studio
        Has the data, the jobs, and what commands offer.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.models = kept_models(studio)

    def form(self) -> dict[str, Any]:
        """What the page's form shows."""
        data = self._studio.data
        return {
            "data": str(data),
            "classes": train_data.count(data),
            "name": self.usual_name,
            "commands": {kind: offered(self._studio.describe(kind)) for kind in COMMANDS},
        }

    @property
    def usual_name(self) -> str:
        """That of the data."""
        try:
            return check_name(self._studio.data.absolute().name, "model")
        except DataError:
            return USUAL

    def typed(self, kind: str, chosen: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The command as a person would type it, and what it says against its options.

        Raises XnorNodeError.
        """
        free = self.models.free(name or self.usual_name)
        argv = self._argv(kind, free, chosen, name)
        problem = ""
        try:
            self._studio.check(argv)
        except XnorNodeError as error:
            problem = str(error)
        shown = Job("", kind, "", argv, "").command
        return {"command": shown, "name": free, "problem": problem}

    def question(self, kind: str, chosen: Mapping[str, Any]) -> tuple[list[str], str]:
        """The dry run that says what would be tried, and the data's digest.

        Of a search it has those options that `train` has, too. Raises XnorNodeError or OSError.
        """
        self._argv(kind, USUAL, chosen, "")  # finds what is no option
        groups = self._studio.describe("train")
        has = {one["option"] for group in groups for one in group["options"]}
        both = {option: value for option, value in chosen.items() if option in has}
        argv = self._argv("train", USUAL, both, "")
        files = argv.index("--json")
        return [*argv[:files], "--json", "--dry-run"], train_data.look_at(self._studio.data)[
            "digest"
        ]

    def start(self, kind: str, chosen: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Begin a training; its job and the name of its model. Raises XnorNodeError or OSError."""
        studio = self._studio
        argv = self._argv(kind, USUAL, chosen, name)
        studio.check(argv)
        seen = train_data.look_at(studio.data)
        free = self.models.claim(name or self.usual_name)
        place = self.models.folder / free
        argv = self._argv(kind, free, chosen, name)
        try:
            about = {"kind": kind, "name": name, "options": dict(chosen), "data": seen}
            said = Job("", kind, "", argv, "").command
            write_made(place, {**about, "command": said, "folder": str(studio.data.absolute())})
            what = "search for" if kind == "search" else "training of"
            job = studio.jobs.start(
                kind, argv, f"{what} {free}", about={"model": free}, exclusive=EXCLUSIVE
            )
        except BaseException:
            (place / MADE).unlink(missing_ok=True)
            place.rmdir()
            raise
        return {"job": job.public(), "name": free}

    def again(self, id: str, restart: bool = False) -> dict[str, Any]:
        """Go on with a job that was stopped, or begin it anew.

        Parameters
        ----------
        id : str
            The job.
        restart : bool, default False
            Begin anew even where it left what it can go on from, as when the data have changed.

        Raises
        ------
        XnorNodeError
            It runs, it is done, or another one runs.
        """
        jobs = self._studio.jobs
        job = jobs.get(id)
        if job.kind not in TRAININGS:
            raise BadRequest("this job is no training")
        resumable = job.public()["resumable"]
        if not resumable and (job.running or job.went_on or job.state == "done"):
            raise XnorNodeError(f"{job.title} cannot go on: start another one")
        place = self.models.place(str(job.about.get("model")))
        made, seen = read_made(place), train_data.look_at(self._studio.data)
        goes_on = resumable and not restart
        if goes_on:
            new = jobs.resume(id)
        else:
            argv = [text for text in job.argv if text not in ("--resume", "--restart")]
            argv += ["--restart"] if resumable else []
            given = job.kind, argv, job.title
            new = jobs.start(*given, about=job.about, exclusive=EXCLUSIVE, cwd=job.cwd)
            jobs.remove(id)
        if made["kind"] in COMMANDS:
            write_made(place, {**made, "time": now(), "data": seen})
        return {"job": new.public(), "went_on": goes_on}

    def _argv(self, kind: str, name: str, chosen: Mapping[str, Any], typed: str) -> list[str]:
        if kind not in COMMANDS:
            raise BadRequest("a model is made by train or search")
        place = self.models.folder / name
        groups = self._studio.describe(kind)
        return command(kind, self._studio.data, place, groups, chosen, typed)


def kept_models(studio: Studio) -> KeptModels:
    """The models of a studio."""
    return KeptModels(studio.kept / "models", studio.kept / "bin" / "models")


def routes(studio: Studio) -> list[web.AbstractRouteDef]:
    """Those of this part."""
    trainings, planner = Trainings(studio), Planner()
    studio.closing.append(planner.end)
    keys = {"kind": str, "options": dict, "name": (str, "")}

    async def form(request: web.Request) -> web.Response:
        return answer(await studio.run(trainings.form))

    async def typed(request: web.Request) -> web.Response:
        body = await read_json(request, keys)
        given = body["kind"], body["options"], body["name"].strip()
        return answer(await studio.run(trainings.typed, *given))

    async def plan(request: web.Request) -> web.Response:
        body = await read_json(request, keys)
        question = await studio.run(trainings.question, body["kind"], body["options"])
        try:
            return answer({"plan": await planner.ask(*question)})
        except Superseded:
            return answer({"plan": None})

    async def start(request: web.Request) -> web.Response:
        body = await read_json(request, keys)
        given = body["kind"], body["options"], body["name"].strip()
        return answer(await studio.run(trainings.start, *given))

    async def again(request: web.Request) -> web.Response:
        body = await read_json(request, {"job": str, "restart": (bool, False)})
        return answer(await studio.run(trainings.again, body["job"], body["restart"]))

    return [
        web.get("/api/train/form", form),
        web.post("/api/train/command", typed),
        web.post("/api/train/plan", plan),
        web.post("/api/train/start", start),
        web.post("/api/train/again", again),
    ]
