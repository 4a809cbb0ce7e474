"""The example sets of text: how mails and pages become lines, and what the sets hold."""

import base64

import numpy as np
import pytest

from xnornode.data.prepare import prepare
from xnornode.datasets import texts
from xnornode.datasets.texts import languages, mails

HEADERS = "X-Spam-Status: SECRET\nReceived: from SECRET\nFrom: SECRET <a@b>\n"


def mail(subject: str, body: str, more: str = "") -> bytes:
    return f"From SECRET Thu Aug 22\n{HEADERS}Subject: {subject}\n{more}\n{body}".encode("latin-1")


@pytest.mark.quick
def test_mail_is_subject_and_body() -> None:
    coded = base64.b64encode(b"Buy  now!\nCheap").decode()
    lines = list(
        texts._mail_lines(
            [
                (False, mail("Re: lunch", "At\n  noon?\t\n")),
                (
                    True,
                    mail("=?iso-8859-1?Q?caf=E9?=", coded, "Content-Transfer-Encoding: base64\n"),
                ),
                (True, mail("x", "na\u00efve", "Content-Type: text/plain; charset=nonsense\n")),
                (True, mail("x", "caf=E9", "Content-Transfer-Encoding: quoted-printable\n")),
                (False, mail("=?utf-8?B?a?= \xe9", "broken subject")),
                (False, mail("long", "word " * 1000)),
            ]
        )
    )
    assert [line.text for line in lines[:4]] == [
        b"Re: lunch At noon?",
        "caf\u00e9 Buy now! Cheap".encode(),
        b"x na\xefve",
        b"x caf\xe9",
    ]
    assert [line.label for line in lines] == [0, 1, 1, 1, 0, 0]
    assert len(lines[5].text) == 2000
    assert not any(b"SECRET" in line.text or b"\n" in line.text for line in lines)


@pytest.mark.quick
def test_mail_of_several_parts() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nplain\n"
        "--b\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n"
        "--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n"
    )
    data = mail("s", body, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n")
    assert [line.text for line in texts._mail_lines([(True, data)])] == [b"s plain <b>rich</b>"]


@pytest.mark.quick
def test_equal_mails_are_taken_once_and_threads_stay_together() -> None:
    mails = [
        mail("Offer 17", "Dear friend 1, buy!"),
        mail("Another", "dear Friend 2: BUY"),
        mail("Lunch plans", "when?"),
        mail("RE: [list] Re: lunch  plans", "at noon"),
        mail("Fwd: Lunch plans!", "see below"),
        mail("", "no subject"),
        mail("", "none here either"),
    ]
    lines = list(texts._mail_lines((False, data) for data in mails))
    assert [line.text.split()[0] for line in lines] == [
        *(b"Offer", b"Lunch", b"RE:", b"Fwd:", b"no", b"none")
    ]
    assert lines[1].group == lines[2].group == lines[3].group == "lunch plans"
    assert len({line.group for line in lines}) == 4, "mails without subject are no thread"


@pytest.mark.quick
def test_clauses_of_a_page() -> None:
    page = (
        "<h1>Title</h1><header><h2>Preamble</h2><p>Whereas,</p></header>"
        '<article data-number="1"><h2>Article 1</h2><p>Short; and &amp; then\n a clause that is'
        " long enough to stand alone, the rest.</p></article>"
        '<article data-number="30"><ol><li>One clause which has more than forty bytes;'
        "another that has just as many of them, really.</li></ol></article>"
    )
    lines = list(texts._clauses(page, 7))
    assert lines == [
        (b"Whereas,", 7, "preamble"),
        (
            b"Short; and & then a clause that is long enough to stand alone, the rest.",
            *(7, "article 1"),
        ),
        (b"One clause which has more than forty bytes;", 7, "article 30"),
        (b"another that has just as many of them, really.", 7, "article 30"),
    ]


@pytest.mark.quick
def test_clauses_end_at_the_marks_of_other_scripts() -> None:
    for mark in "\u3002\uff0c\uff1b\u3001\u0964\u060c\u061b\u06d4":
        half = "\u4e00" * 14 + mark
        assert texts._cut(half * 2) == [half, half], hex(ord(mark))


def test_mails() -> None:
    data = prepare(mails(), validation=())
    assert data.labels == ("ham", "spam")
    assert (len(data.train), len(data.test)) == (4305, 1422)
    assert not set(data.train.groups) & set(data.test.groups)
    assert not set(data.train.items) & set(data.test.items)
    for part in (data.train, data.test):
        assert 0.25 < (part.labels == 1).mean() < 0.35
        assert min(map(len, part.items)) > 20 and max(map(len, part.items)) == 2000
    # Two headers that the files have: only mails about mail quote them, and those are ham.
    lines = [*data.train.items, *data.test.items]
    labels = [*data.train.labels, *data.test.labels]
    for header in (b"x-spam-status: yes", b"delivered-to: zzzz"):
        found = [i for i, line in enumerate(lines) if header in line.lower()]
        assert len(found) < 10 and not any(labels[i] for i in found), header


def test_languages() -> None:
    data = prepare(languages(), validation=())
    assert len(data.labels) == 20 and list(data.labels) == sorted(data.labels)
    assert set(data.test.groups) == {f"article {n}" for n in range(3, 31, 3)}
    assert len(set(data.train.groups)) == 21 and not set(data.train.groups) & set(data.test.groups)
    assert not set(data.train.items) & set(data.test.items)
    for part, least in ((data.train, 60), (data.test, 15)):
        assert np.bincount(part.labels, minlength=20).min() >= least
        assert all(line.decode().strip() == line.decode() for line in part.items)
    # Each label has its own script and its own words.
    for label, word in (("English", "everyone"), ("Swahili", "haki"), ("Russian", "\u043f\u0440")):
        lines = [
            t.decode().lower()
            for t, i in zip(data.test.items, data.test.labels, strict=True)
            if data.labels[i] == label
        ]
        assert sum(word in line for line in lines) > len(lines) / 5, label
