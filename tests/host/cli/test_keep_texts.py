"""What `xnornode keep` shows of a node, as a pipe gets it."""

import pytest

from xnornode.cli.keep import _show
from xnornode.link.messages import Kept

pytestmark = pytest.mark.quick


def kept(**more):
    facts = {"id": 1, "ring": "00", "session": "", "ms": 0, "windows": 0, "bytes": 0, "bound": 0}
    facts |= {"below": 0, "oldest": None, "next": 1, "overwritten": 0, "passed": 0, "written": 0}
    facts |= {"total": 0, "per_hour": 12, "erases": 2, "blocks": 240, "years": 114, "why": ""}
    return Kept(**(facts | more))


def test_a_name_is_apart_from_its_text(capsys):
    _show(kept(why="there is no /keep.json"))
    assert "none kept   there is no /keep.json\n" in capsys.readouterr().out


def test_lines_fit_a_terminal(capsys):
    _show(kept(bound=1 << 30, years=1_000_000, session="9f3ac01b", below=600, total=1 << 40))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("more than 10,000 years" in line for line in lines)
