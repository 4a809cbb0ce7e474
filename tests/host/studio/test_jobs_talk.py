"""What a job says is read in bounded steps, and nothing that it may say does harm."""

import json
import os

import pytest

from xnornode.studio import jobs_talk
from xnornode.studio.jobs_talk import BYTES, LINES, LONGEST, Talk, lines_of, parse


@pytest.fixture
def file(tmp_path):
    return tmp_path / "talk.jsonl"


def all_of(talk: Talk) -> list[dict]:
    found = []
    while True:
        found += talk.read()
        if not talk.more:
            return found


def test_lines_come_whole_as_they_are_written(file):
    talk = Talk(file)
    assert talk.read() == [] and not talk.more, "it is not there yet"
    with file.open("ab", 0) as out:
        for part in (b'{"say": "on', b'e"}\n{"say":', b' "two"}', b"\n"):
            out.write(part)
            talk.read()
        assert talk.since(0) == [{"n": 1, "say": "one"}, {"n": 2, "say": "two"}]
        out.write(b'{"exit": 0}')
        assert talk.read() == [] and talk.exit is None
        assert talk.read(last=True) == [{"n": 3, "exit": 0}] and talk.exit == 0


def test_progress_has_no_number_and_only_the_last_is_kept(file):
    step = '{"progress": {"done": %d, "total": null, "text": "x"}}\n'
    file.write_text("".join(step % k + f'{{"say": "{k}"}}\n' for k in range(100)) + step % 100)
    talk = Talk(file)
    got = all_of(talk)
    assert [line["n"] for line in got[:-1]] == list(range(1, 101)) and talk.count == 100
    assert got[-1]["progress"]["done"] == talk.progress["done"] == 100
    assert (
        talk.since(98)
        == lines_of(file, 98, 100)
        == [
            {"n": 99, "say": "98"},
            {"n": 100, "say": "99"},
        ]
    )


def test_of_a_large_file_progress_is_left_out_at_the_end(file, monkeypatch):
    step = '{"progress": {"done": %d, "total": null, "text": "x"}}\n'
    file.write_text("".join(step % k + f'{{"say": "{k}"}}\n' for k in range(100)) + "half")
    before, whole = lines_of(file, 0, 101), file.read_bytes()
    jobs_talk.compact(file)
    assert file.read_bytes() == whole, "it is small"
    monkeypatch.setattr(jobs_talk, "LARGE", 1000)
    jobs_talk.compact(file)
    assert b"progress" not in file.read_bytes()
    assert lines_of(file, 0, 101) == before and len(before) == 101
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    jobs_talk.compact(file.with_name("none"))


def test_ten_megabytes_stay_bounded_and_are_all_there(file):
    with file.open("w") as out:
        for k in range(100_000):
            out.write(json.dumps({"say": f"{k:<90}"}) + "\n")
    assert file.stat().st_size > 10_000_000
    talk = Talk(file)
    most = 0
    while True:
        most = max(most, len(talk.read()))
        if not talk.more:
            break
    assert most * 100 <= 2 * jobs_talk.STEP
    assert len(talk._kept) == LINES and talk.count == 100_000
    after, seen = 99_000, []
    for after in (0, 50_000, 97_999, 98_000, 99_999, 100_000):
        part = talk.since(after)
        assert part == lines_of(file, after, talk.count)
        assert [line["n"] for line in part] == list(
            range(after + 1, min(after + LINES, 100_000) + 1)
        )
        seen += part
    assert all(int(line["say"]) == line["n"] - 1 for line in seen)


def test_big_lines_stay_bounded_too(file):
    line = json.dumps({"say": "x" * (LONGEST - 100)}) + "\n"
    file.write_text(line * 60)
    talk = Talk(file)
    got = all_of(talk)
    assert len(got) == 60 and talk.count == 60
    assert sum(size for size, _ in talk._kept) <= BYTES
    assert 0 < len(talk.since(0)) < 60 and talk.since(0)[0]["n"] == 1
    assert talk.since(55) == got[55:]


@pytest.mark.parametrize("after", ["\n", ""])
def test_a_line_of_a_megabyte_is_left_out(after, file):
    size = 1 << 20
    file.write_bytes(b'{"say": "a"}\n' + b"x" * size + b'\n{"say": "b"}\n' + b"y" * size)
    with file.open("ab") as out:
        out.write(b"yy" + after.encode())
    talk = Talk(file)
    all_of(talk)
    talk.read(last=True)
    said = [line["say"] for line in talk.since(0)]
    assert said[:3] == ["a", f"(a line of {size + 1:,} bytes is left out)", "b"]
    assert said[3].startswith("(a line of 1,048,5") and len(said) == 4
    assert lines_of(file, 0, talk.count) == talk.since(0)


@pytest.mark.parametrize(
    "line",
    [
        b"Segmentation fault",
        b"\xff\xfe\x00",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"say": 3}',
        b'{"say": "a", "exit": 0}',
        b'{"exit": "0"}',
        b'{"exit": true}',
        b'{"progress": {"done": "x", "total": 1, "text": ""}}',
        b'{"progress": {"done": NaN, "total": 1, "text": ""}}',
        b'{"progress": []}',
        b'{"odd": 1}',
        b"[" * 100_000,
        b'{"epoch": ' + b"[" * 5000,
        b'{"epoch": 1' + b"0" * 5000 + b"}",
    ],
)
def test_what_is_no_line_of_ours_is_text(line, file):
    file.write_bytes(line + b'\n{"exit": 0}\n')
    talk = Talk(file)
    first, end = all_of(talk)
    assert set(first) == {"n", "say"} and len(first["say"]) <= jobs_talk.TEXT
    assert end == {"n": 2, "exit": 0} and talk.progress is None
    assert lines_of(file, 0, 2) == [first, end]
    json.dumps([first], allow_nan=False)


def test_numbers_that_json_lacks_are_null():
    said = parse(b'{"epoch": {"loss": NaN, "a": -Infinity, "b": 1e999, "c": 1.5}}')
    assert said == {"epoch": {"loss": None, "a": None, "b": None, "c": 1.5}}


def test_a_file_that_goes_away_is_no_harm(file):
    file.write_text('{"say": "a"}\n')
    talk = Talk(file)
    all_of(talk)
    os.unlink(file)
    assert talk.read() == [] and talk.since(0) == [{"n": 1, "say": "a"}]
    assert lines_of(file, 0, 1) == []
