"""What an updater knows of one node, while another updater acts on the same node."""

import pytest

from tests.lab.extralab import state
from xnornode.fleet.payloads import Latest, Update
from xnornode.fleet.updater_job import ECHOES, LOST, Job

pytestmark = pytest.mark.quick

LATEST = Latest("cd" * 32, 900, "m", 2, 4, True, time=5)


@pytest.fixture
def job():
    made = Job()
    made.announce(LATEST, False)
    made.seen(state("a"), 10.0)
    assert made.due(1.0)
    return made


def said(word, error="", latest=5, time=7):
    return Update(word, LATEST.sha256, error=error, latest=latest, time=time)


@pytest.mark.parametrize("retained", [False, True])
@pytest.mark.parametrize("word, error", [("UPDATED", ""), ("FAILED", "selftest")])
def test_what_another_updater_has_ended_is_not_begun(job, word, error, retained):
    job.update("DOWNLOADING", "", "", 6)  # it has spoken itself
    job.hear(said(word, error), retained)
    assert not job.due(1.0)


@pytest.mark.parametrize(
    "update", [said("VERIFIED"), said("FAILED", "unreachable"), said("UPDATED", latest=4)]
)
def test_what_another_updater_is_at_or_had_before_changes_nothing(job, update):
    job.hear(update, False)
    assert job.due(1.0) and job.verified is None


def test_echoes_of_its_own_are_not_taken_for_another_ones(job):
    mine = [job.update(word, "", "", 6) for word in ("DOWNLOADING", "VERIFIED", "UPDATED")]
    job.install()  # somebody wants it again
    for each in mine:
        job.hear(each, False)
    job.hear(mine[-1], True)  # and after a break
    assert job.due(1.0) and len(mine) < ECHOES


def test_a_model_is_missing_only_after_some_looks(job):
    assert [job.misses(0.0, 0.0) for _ in range(LOST)] == [False] * (LOST - 1) + [True]
