"""Whether recordings have groups that a training can hold out."""

from collections.abc import Iterable


def group_warning(groups: Iterable[str], group: str) -> str:
    """What a training cannot do where some recordings have a group and others have none.

    Parameters
    ----------
    groups : iterable of str
        Those of the recordings that are there; empty for none.
    group : str
        That of the next one.

    Returns
    -------
    str
        Empty if all have a group, or none has.

    Examples
    --------
    >>> group_warning(["anna", "ben"], "carl")
    ''
    """
    if len({bool(each) for each in (*groups, group)}) < 2:
        return ""
    return (
        "some recordings have a group and others have none, so a training cannot hold out whole "
        "groups: give a group to all of them, or to none"
    )
