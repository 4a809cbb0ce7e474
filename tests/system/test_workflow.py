"""The workflow files of hosted CI: actionlint finds nothing in them, and finds what is wrong."""

import pytest
import yaml

from tools.firmware.sources import ROOT
from tools.lint.check_workflows import WORKFLOWS, check

pytestmark = pytest.mark.quick


def test_actionlint_finds_nothing():
    files = sorted(WORKFLOWS.glob("*.yml"))
    assert files and check(files) == []


@pytest.mark.seconds
def test_actionlint_finds_mistakes(tmp_path):
    text = (WORKFLOWS / "ci.yml").read_text()
    for right, wrong, said in (
        ("runs-on: ubuntu-latest", "runs_on: ubuntu-latest", "runs_on"),
        ("matrix.python }}", "matrix.pithon }}", "pithon"),
        ("needs: wheel", "needs: weel", "weel"),
    ):
        assert right in text
        (tmp_path / "ci.yml").write_text(text.replace(right, wrong, 1))
        found = check([tmp_path / "ci.yml"])
        assert said in "\n".join(found), (wrong, found)


def test_jobs_call_what_is_there():
    workflow = yaml.safe_load((WORKFLOWS / "ci.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    said = "\n".join(step.get("run", "") for step in steps)
    assert ".ci/run" in said and (ROOT / ".ci" / "run").is_file()
    assert "examples/train_from_python.py" in said
