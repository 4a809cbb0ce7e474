"""What a file's path says: its part, label and group."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from xnornode.data.part_names import all_parts, part_of
from xnornode.data.reading import ColumnUse
from xnornode.model.names import normalized

DATE = re.compile(
    r"(19|20)\d\d([-_.]?)[01]\d\2[0-3]\d([T_ -]*[0-2]\d[-_:.h]?[0-5]\d([-_:.]?[0-5]\d)?)?"
)
COPY = re.compile(r"(\s*\(\d+\)|[ _-]+(copy|kopie|copie|copia)( ?\(?\d+\)?)?)+$", re.I)
HASH = re.compile(r"\.(?=[0-9a-z]*\d)[0-9a-z]{4,}(\.ingestion-[0-9a-z-]+)?(\.s\d+)?$")
PERSON = (
    r"(?:p|s|u|id|vp|sub|subj|subject|person|user|participant|patient|proband|probandin|teilnehmer"
    r"|nutzer|sujet|sujeto|usuario|volunteer|device|node|board)[ _-]?\d+"
)
OWNER = re.compile(PERSON, re.I)
"""Who or what was recorded: `p1`, `Subject_03`. A class is hardly called so."""
LAST_OWNER = re.compile(rf"(?<=[^\W\d_])[ _-]+({PERSON})(?=$|[ ._-])", re.I)
OCCASION = re.compile(
    r"(?:session|sitzung|day|tag|rec|recording|aufnahme|trial|take|batch|data|dataset|fold|group"
    r"|gruppe|groupe|grupo)[ _-]?\d+",
    re.I,
)
"""When something was recorded; such folders are no classes, nor are dates."""
SUFFIXES = (".csv", ".tsv", ".wav", ".json", ".cbor", ".jpg", ".jpeg", ".png", ".txt", ".npy")


def files_in(folder: Path, hidden: Callable[[Path], bool]) -> tuple[list[Path], list[Path]]:
    """The files in a folder and in those within it.

    Parameters
    ----------
    folder : Path
        The folder.
    hidden : callable
        Whether a path is passed over.

    Returns
    -------
    files, others : list of Path
        Regular files; and what else is there, such as named pipes, devices and symbolic links to
        nothing. To open those could wait without an end.
    """
    inside = [path for path in folder.rglob("*") if not path.is_dir() and not hidden(path)]
    files = [path for path in inside if path.is_file()]
    return files, [path for path in inside if not path.is_file()]


def irregular(paths: Sequence[Path]) -> list[str]:
    """What is said of paths that are no regular files: a sentence each."""
    return [f"{path} is no regular file: left out" for path in paths]


@dataclass(frozen=True)
class PathFacts:
    """What a path says; "" where it says nothing.

    Parameters
    ----------
    part : {"", "training", "validation", "test"}
        The part that a folder, or the file's name, says.
    label, group : str
        The class, and who or what was recorded.
    group_in : str, default "folder in it"
        Where the group stands.
    doubt : str, default ""
        What may be wrong about all paths: a sentence.
    """

    part: str
    label: str
    group: str
    group_in: str = "folder in it"
    doubt: str = ""


def read_paths(paths: Sequence[Path], folder: Path) -> list[PathFacts]:
    """What the paths of files in a folder say.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    folder : Path
        The folder that holds them.

    Returns
    -------
    list of PathFacts
        Per file: part/label/group/file, where the part, the group or both may be missing; without
        a folder per label, the label is in the file's name. The part may stand in the label's
        folder, and the label in the folder of who was recorded, as in `p1/walk/`.
    """
    found = [tuple(map(normalized, path.relative_to(folder).parent.parts)) for path in paths]
    stems = [normalized(path.stem) for path in paths]
    doubt = ""
    if not any(found) and all_parts(stems):  # train.csv and test.csv
        return [PathFacts(part_of(stem), "", "") for stem in stems]
    while (common := _common(found)) and min(map(len, found)) > 1:
        found = [above[1:] for above in found]
        doubt = f"all files are in the folder {common}: the labels are taken from below it"
    at = next((d for d in (0, 1) if _parted(found, d)), None)
    parts = [part_of(above[at]) if at is not None else "" for above in found]
    rest = [above if at is None else (*above[:at], *above[at + 1 :]) for above in found]
    names = [path.name for path in paths]
    if all(above and _no_label(above[0]) for above in rest):
        inner = {
            above[1] if len(above) > 1 else label_in_name(n)
            for above, n in zip(rest, names, strict=True)
        }
        if not any(not name or _no_label(name) for name in inner):
            doubt = (
                f"the folders {rest[0][0]} to {rest[-1][0]} are taken for groups, and "
                f"{', '.join(sorted(inner)[:3])} in them for labels"
            )
            rest = [
                (above[1] if len(above) > 1 else label_in_name(n), above[0])
                for above, n in zip(rest, names, strict=True)
            ]
            return [
                PathFacts(part, label, group, "folder on top", doubt)
                for part, (label, group) in zip(parts, rest, strict=True)
            ]
    facts = [
        _facts(part, above, name) for part, above, name in zip(parts, rest, names, strict=True)
    ]
    facts = _parts_in_labels(facts) if not any(rest) and at is None else facts
    return [replace(fact, doubt=doubt) for fact in facts]


def _common(found: Sequence[tuple[str, ...]]) -> str:
    """The folder on top that all files share; "" if there are several."""
    tops = {above[0] if above else "" for above in found}
    return tops.pop() if len(tops) == 1 else ""


def _parted(found: Sequence[tuple[str, ...]], depth: int) -> bool:
    """Whether all folders of a level are parts."""
    return all(len(a) > depth for a in found) and all_parts([a[depth] for a in found])


def _facts(part: str, above: tuple[str, ...], name: str) -> PathFacts:
    if above:
        return PathFacts(part, above[0], above[1] if len(above) > 1 else "")
    owner = _owner(name)
    return PathFacts(part, label_in_name(name), owner, "file name" if owner else "folder in it")


def _no_label(name: str) -> bool:
    """Whether a folder says who, what or when was recorded."""
    return any(kind.fullmatch(name) for kind in (OWNER, OCCASION, DATE))


def _owner(name: str) -> str:
    """Who was recorded, where a name begins or ends with it: `p1_walk`, `walk_p1_2`."""
    text = normalized(name)
    found = OWNER.match(text)
    if found and re.match(r"[ _-]+[^\W\d_]", text[found.end() :]):
        return found[0]
    last = LAST_OWNER.search(text)
    return last[1] if last else ""


def _parts_in_labels(facts: Sequence[PathFacts]) -> list[PathFacts]:
    """Facts where each file's name has a part beside its label: `walk_train_1.csv`."""
    made = []
    for fact in facts:
        words = re.split(r"[\s._-]+", fact.label)
        parts = [word for word in words if part_of(word)]
        rest = [word for word in words if not part_of(word)]
        if len(parts) != 1 or not rest:
            return list(facts)
        made.append(replace(fact, part=part_of(parts[0]), label="_".join(rest)))
    return made if any(fact.part == "training" for fact in made) else list(facts)


def label_in_name(name: str) -> str:
    """The label in a file's own name: what is before its number, without dates and copies' marks.

    Examples
    --------
    >>> [label_in_name(n) for n in ("walk_01.csv", "walk (1).csv", "2026-11-20_circle-1.csv")]
    ['walk', 'walk', 'circle']
    >>> [label_in_name(n) for n in ("walk.q3f9k2.csv", "Übung - Copy (2).csv", "jog2b.wav")]
    ['walk', 'Übung', 'jog']
    >>> [label_in_name(n) for n in ("p1_walk_2.csv", "Subject03-run.csv", "run_p2.csv")]
    ['walk', 'run', 'run']
    """
    text = normalized(PurePath(name).stem)
    while PurePath(text).suffix.lower() in SUFFIXES:  # walk.csv.3k2j1.json
        text = PurePath(text).stem
    text = HASH.sub("", COPY.sub("", text))
    text = text.replace(_owner(text), "", 1)
    while PurePath(text).suffix.lower() in SUFFIXES:
        text = PurePath(text).stem
    text = DATE.sub("_", text)
    text = re.sub(r"^[\s\d._()-]+", "", text)  # 01_walk
    text = re.split(r"[\s._-]+(?=\d|$)|[\s._-]*\(|\d", text)[0]
    while PurePath(text).suffix.lower() in SUFFIXES:  # walk.json.3.cbor
        text = PurePath(text).stem
    return text.strip(" ._-#")


def path_columns(facts: Sequence[PathFacts], column: str = "") -> list[ColumnUse]:
    """How folders and file names are used.

    Parameters
    ----------
    facts : sequence of PathFacts
        What the paths say.
    column : str, default ""
        The column that says the label instead.

    Returns
    -------
    list of ColumnUse
        One for the part, the label and the group, where paths say them.
    """
    labels = _shown([fact.label for fact in facts])
    parts = _shown([fact.part for fact in facts])
    groups = _shown([fact.group for fact in facts])
    columns = [ColumnUse("folder on top", "part", parts)] if parts else []
    if labels and column:
        columns.append(ColumnUse("path", "left out", f"the column {column} is the label"))
    elif labels:
        columns.append(ColumnUse("path", "label", labels))
    if groups:
        columns.append(ColumnUse(facts[0].group_in, "group", groups))
    return columns


def _shown(names: Sequence[str]) -> str:
    different = list(dict.fromkeys(name for name in names if name))
    return ", ".join(different[:5]) + (", ..." if len(different) > 5 else "")
