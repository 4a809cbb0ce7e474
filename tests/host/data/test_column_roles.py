"""What the columns of a table are used for."""

import pytest

from xnornode.data.column_roles import TITLES, Roles, find_roles
from xnornode.data.csv_columns import read_columns
from xnornode.data.read_options import ReadOptions
from xnornode.errors import DataError

pytestmark = pytest.mark.quick


def roles(tmp_path, table: str, needs_label: bool = True, **options) -> Roles:
    path = tmp_path / "t.csv"
    path.write_text(table)
    return find_roles(read_columns(path, TITLES), ReadOptions(**options), needs_label)


def test_titles_say_what_columns_are(tmp_path):
    table = "index,t_ms,ax,Label,person,trial,remark\n0,0,5,a,p,1,x\n1,20,6,b,q,2,y\n"
    assert roles(tmp_path, table) == Roles(
        rows="samples",
        channels=("ax",),
        label="Label",
        group="person",
        recording="trial",
        time="t_ms",
        left_out={"index": "it numbers the rows", "remark": "it is text"},
    )


def test_every_column_has_a_role_or_is_left_out(tmp_path):
    table = "ax,ay,az,label,person\n1,2,3,a,p\n4,5,6,b,q\n"
    found = roles(tmp_path, table, channels=("az", "ax"), label="person")
    assert (found.channels, found.label, found.group) == (("az", "ax"), "person", "person")
    assert found.left_out == {"ay": "--channels does not name it", "label": "it is text"}


def test_rows_that_are_windows_have_no_time(tmp_path):
    table = "time,x,label\n1,2,a\n3,4,b\n"
    found = roles(tmp_path, table, shape=(2, 1))
    assert (found.rows, found.channels, found.time) == ("windows", ("time", "x"), None)
    assert roles(tmp_path, table).rows == "samples"
    assert roles(tmp_path, table, rows="windows").time is None


def test_the_shorter_of_two_texts_is_the_label(tmp_path):
    found = roles(tmp_path, "ham,come to lunch\nspam,buy this now\n")
    assert (found.rows, found.label, found.channels) == ("texts", "0", ("1",))


def test_a_label_is_needed_unless_the_path_says_it(tmp_path):
    with pytest.raises(DataError, match="which column is the label"):
        roles(tmp_path, "t,x\n1,2\n")
    assert roles(tmp_path, "t,x\n1,2\n", needs_label=False).label is None


@pytest.mark.parametrize("role", ["label", "group"])
def test_a_column_that_does_not_exist_is_refused(tmp_path, role):
    with pytest.raises(DataError, match=f"no column 'mood' for the {role}: it has x, label"):
        roles(tmp_path, "x,label\n1,a\n", **{role: "mood"})


def test_which_text_is_meant_must_be_clear(tmp_path):
    table = "label,one,two\na,long text,other text\n"
    with pytest.raises(DataError, match="which column is the text"):
        roles(tmp_path, table)
    assert roles(tmp_path, table, channels=("two",)).channels == ("two",)


@pytest.mark.parametrize(
    ("column", "left_out"),
    [
        ([5.5] * 30, False),  # where labels change from row to row, no step is within a stretch
        ([90, 42, 17, 60, 3] * 6, False),
        (list(range(30)), True),
    ],
)
@pytest.mark.parametrize("title", ["N", "k", "nr"])
def test_a_title_alone_makes_no_number_of_the_row(tmp_path, title, column, left_out):
    rows = "".join(f"{'ab'[i % 2]},{value},{i * 7 % 11}\n" for i, value in enumerate(column))
    found = roles(tmp_path, f"label,{title},ph\n{rows}")
    assert (title in found.left_out) == left_out
    assert (title in found.channels) != left_out
