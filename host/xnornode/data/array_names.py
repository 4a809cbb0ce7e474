"""Which array is what, by its name: X, y, groups and more, whole or in parts."""

from collections.abc import Sequence
from dataclasses import dataclass

from xnornode.data.class_labels import some
from xnornode.errors import DataError

ROLES = {
    "X": (
        *("x", "data", "samples", "windows", "images", "features", "signals", "inputs", "input"),
        *("imgs", "series", "segments"),
    ),
    "y": (
        "y",
        "labels",
        "target",
        "label",
        "targets",
        "activity",
        "output",
        "outputs",
        "activities",
    ),
    "groups": (
        *("groups", "group", "subject", "subjects", "person", "persons", "user", "users"),
        *("participant", "participants", "subjectid", "subjectids"),
    ),
    "classes": ("classes", "classnames", "targetnames", "labelnames"),
    "channels": ("channels", "channelnames", "featurenames", "columns"),
    "rate": ("rate", "fs", "samplerate", "samplingrate", "samplefrequency", "sr"),
}
"""The names of each array, the usual one first, in small letters without marks between words."""
PARTS = {
    "train": ("train", "training", "trn", "tr"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "tst", "te"),
}
Found = dict[tuple[str, str], str]
"""The name of the array by role and part; the part "" is all."""


@dataclass(frozen=True)
class Named:
    """The arrays of a file that are used.

    Parameters
    ----------
    found : dict
        Their names, by role and part; the part "" is all.
    left_out : tuple of str
        The names of the others.
    """

    found: Found
    left_out: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that have windows; () if the windows are in one array."""
        return tuple(part for part in PARTS if ("X", part) in self.found)


def role_of(name: str) -> tuple[str, str] | None:
    """The role and the part that a name says: `X_train`, `trainX` and `train_images` are X, train.

    Examples
    --------
    >>> role_of("Y"), role_of("val_labels"), role_of("weights")
    (('y', ''), ('y', 'validation'), None)
    """
    plain = "".join(c for c in name.lower() if c.isalnum())
    roles = {word: role for role, words in ROLES.items() for word in words}
    if plain in roles:
        return roles[plain], ""
    for part, words in PARTS.items():
        for word in words:
            for rest in (plain.removeprefix(word), plain.removesuffix(word)):
                if rest != plain and rest in roles:
                    return roles[rest], part
    return None


def find_arrays(names: Sequence[str], where: str, label: str = "", group: str = "") -> Named:
    """Find out which array is what.

    Parameters
    ----------
    names : sequence of str
        The names of all arrays.
    where : str
        What messages call the file.
    label, group : str, default ""
        The names of the arrays of labels and of groups, where the user says them.

    Returns
    -------
    Named
        The names by role.

    Raises
    ------
    DataError
        There is no X or y, or there are two of one role with the same name but for its spelling.
    """
    found: Found = {}
    said = {role: name for role, name in (("y", label), ("groups", group)) if name}
    for option, name in (("--label", label), ("--group", group)):
        if name and name not in names:
            raise DataError(f"{where} has no array {name} ({option}): it has {some(names)}")
    for name in names:
        place = role_of(name)
        if place is None or name in said.values() or place[0] in said:
            continue
        other = found.get(place)
        if other is not None and _rank(other) == _rank(name):
            raise DataError(f"{where} has both {other} and {name}: leave one of them out")
        if other is None or _rank(name) < _rank(other):
            found[place] = name
    found |= {(role, ""): name for role, name in said.items()}
    whole = all((role, "") in found for role in ("X", "y"))
    if whole and ("X", "test") in found and ("X", "train") not in found:
        # X, y, X_test, y_test: the part without a word is the training.
        alone = ("X", "y", "groups")
        found = {(r, p or ("train" if r in alone else "")): n for (r, p), n in found.items()}
    if ("X", "train") in found and not said:
        used = {place: name for place, name in found.items() if place[1] or place[0] in _ABOUT}
    elif whole:
        used = {place: name for place, name in found.items() if not place[1]}
    else:
        raise DataError(_lacking(found, names, where))
    named = Named(used, tuple(name for name in names if name not in used.values()))
    for part in named.parts:
        if ("y", part) not in used:
            raise DataError(
                f"{where} has {used['X', part]}, but no labels of it (y_{part}): add them, or "
                f"leave {used['X', part]} out. It has {some(names)}"
            )
    return named


_ABOUT = ("classes", "channels", "rate")  # roles that are the same for all parts


def _rank(name: str) -> int:
    """How usual a name is among those of its role."""
    role, part = role_of(name) or ("", "")
    plain = "".join(c for c in name.lower() if c.isalnum())
    for word in PARTS.get(part, ()):
        plain = plain.removeprefix(word).removesuffix(word) or plain
    return ROLES[role].index(plain) if plain in ROLES[role] else len(ROLES[role])


def _lacking(found: Found, names: Sequence[str], where: str) -> str:
    lacks = [role for role in ("X", "y") if (role, "") not in found]
    if ("X", "test") in found or ("X", "validation") in found:
        lacks = ["X_train", "y_train"]
    have = f"it has {some(names)}" if names else "it is empty"
    return (
        f"{where} must have the arrays X (windows) and y (a label each): {' and '.join(lacks)} "
        f"{'is' if len(lacks) == 1 else 'are'} missing; {have}. Name them so: "
        "np.savez(file, X=windows, y=labels)"
    )
