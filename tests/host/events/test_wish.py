"""What is understood of --events."""

import doctest

import pytest

from xnornode.errors import DataError
from xnornode.events import wish
from xnornode.events.wish import EXAMPLES, Wish, read_wish

pytestmark = pytest.mark.quick


def test_examples():
    assert doctest.testmod(wish).failed == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("at most 1 false an hour", Wish(false_per_hour=1)),
        ("1 false per hour", Wish(false_per_hour=1)),
        ("At most 2  false alarms per day", Wish(false_per_hour=2 / 24)),
        ("no more than .5 false events/h", Wish(false_per_hour=0.5)),
        ("at most 5 % unknown", Wish(unknown=0.05)),
        ("<= 5% unknown", Wish(unknown=0.05)),
        ("5 percent missed", Wish(missed=0.05)),
        ("at least 95 % right", Wish(right=0.95)),
        ("min 95% correct", Wish(right=0.95)),
        ("at most 500 ms late", Wish(late=0.5)),
        ("at most 5 seconds delay", Wish(late=5)),
        ("at most 1 false an hour and at most 5 % unknown", Wish(1.0, unknown=0.05)),
        ("5 % unknown; 10 % missed, 2 false a day", Wish(2 / 24, missed=0.1, unknown=0.05)),
        ("off", None),
        (" None ", None),
    ],
)
def test_what_is_understood(text, wanted):
    assert read_wish(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("few false alarms", "'few false alarms' is not understood"),
        ("", "'' is not understood"),
        ("at most 1 false", "is not understood"),
        ("5 % unknown and good", "'good' in '5 % unknown and good' is not understood"),
        ("at most 5 unknown", "write a share in per cent, such as '5 % unknown'"),
        ("at most 5 % false an hour", "is not understood"),
        ("at least 5 % unknown", "limit of the other kind, write 'at most'"),
        ("at most 95 % right", "limit of the other kind, write 'at least'"),
        ("101 % unknown", "at most 100 %"),
        ("5 % unknown, 6 % unknown", "limits the same thing twice"),
        ("at most -1 false an hour", "is not understood"),
    ],
)
def test_what_is_not_understood(text, message):
    with pytest.raises(DataError) as refused:
        read_wish(text)
    assert message in str(refused.value)
    if "not understood" in message:
        assert all(example in str(refused.value) for example in EXAMPLES)


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_wish_says_itself_in_words_that_are_understood(text):
    assert str(read_wish(text)) == text
    both = Wish(2.5, 0.125, 3.0, 0.05, 0.99)
    assert read_wish(str(both)) == both
