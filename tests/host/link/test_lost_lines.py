"""The arithmetic of lost lines, with events made by hand: no port, no thread, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnornode.link.lost_lines import BURST, FASTEST, LossCounter
from xnornode.link.messages import Hello, NodeModel, Prediction, Ready, Source, Unknown

pytestmark = pytest.mark.quick


def prediction(seq: int, ms: int = 0) -> Prediction:
    return Prediction(seq, ms=ms, label="a", index=0, scores=(1,), us=1)


def ready(session: str = "one", seq: int = 0, model: str = "net", revision: int = 1) -> Ready:
    rest = {"bnn": "", "firmware": "", "machine": "", "model_crc": "0" * 8, "note": ""}
    return Ready(session, seq, model=model, revision=revision, bytes=9, labels=(), ram=9, **rest)


def hello(session: str = "one", model: str | None = "net", revision: int = 1) -> Hello:
    rest = {"library": "", "bnn": "", "format": 3, "firmware": "", "machine": "", "frame": 256}
    rest |= {"window": 1, "flash": 0, "ram": 0, "channels": None, "running": True, "signed": False}
    active = NodeModel(model, revision, 900, "0" * 64, None) if model else None
    return Hello(1, 1, session, model=active, **rest)


def counted(*events, connection: int = 0, counter: LossCounter | None = None) -> LossCounter:
    counter = counter or LossCounter()
    for event in events:
        counter.heard(event, connection)
    return counter


def figures(counter: LossCounter) -> tuple[int, int, int]:
    return counter.predictions, counter.lost, counter.restarts


def test_what_was_made_before_the_first_line_is_not_counted():
    assert figures(counted(prediction(1000), prediction(1001))) == (2, 0, 0)


def test_what_was_made_since_the_first_line_is():
    """`ready` says where the numbers are, also when the port was opened in mid-stream."""
    assert figures(counted(prediction(3), ready(seq=7), prediction(9))) == (2, 5, 0)
    assert figures(counted(ready(seq=7), prediction(9))) == (1, 0, 0), "the first line is a `ready`"


def test_a_gap_is_told_with_the_prediction_after_it():
    counter = LossCounter()
    assert [counter.heard(prediction(seq)) for seq in (0, 1, 5, 6)] == [0, 0, 3, 0]
    assert figures(counter) == (4, 3, 0)


def test_other_events_change_nothing():
    counter = counted(prediction(0), Source("r0"), Unknown("new", "no such event", None))
    assert counter.heard(Source("r0")) == 0
    assert counter.heard(prediction(1)) == 0 and figures(counter) == (2, 0, 0)


def test_the_model_is_that_of_the_last_ready_or_hello():
    counter = LossCounter()
    assert (counter.model, counter.revision) == (None, None)
    counted(hello(model="old", revision=1), counter=counter)
    assert (counter.model, counter.revision) == ("old", 1)
    counted(ready(model="new", revision=2), hello(model=None), counter=counter)
    assert (counter.model, counter.revision) == ("new", 2), "a node without a model says nothing"


def test_a_new_model_is_no_restart():
    assert figures(counted(ready(), prediction(0), ready(seq=1, model="b"), prediction(1))) == (
        2,
        0,
        0,
    )


def test_a_restart_that_is_seen():
    """The numbers begin at 0 again, and what is missing at the new start is lost."""
    counter = counted(ready("one"), prediction(0), prediction(1), ready("two"), prediction(0))
    assert figures(counter) == (3, 0, 1)
    counter = counted(ready("one"), prediction(0), ready("two", seq=0), prediction(4))
    assert figures(counter) == (2, 4, 1)


def test_a_restart_whose_ready_was_lost():
    """A number below the expected one is the new program's."""
    assert figures(counted(prediction(50), prediction(3))) == (2, 3, 1)


def test_a_restart_while_the_port_was_away_hello_first():
    """What the new program made before the port was open again is lost."""
    counter = counted(hello("one"), prediction(0), prediction(1))
    counted(hello("two"), prediction(9), connection=1, counter=counter)
    assert figures(counter) == (3, 9, 1)


def test_a_restart_while_the_port_was_away_hello_late():
    """Until the hello comes, the jump to 9 looks like 7 lost lines of the old program."""
    counter = counted(hello("one"), prediction(0), prediction(1))
    assert counter.heard(prediction(9), 1) == 7
    assert counter.heard(prediction(10), 1) == 0
    counted(hello("two"), connection=1, counter=counter)
    assert figures(counter) == (4, 9, 1)
    assert counter.heard(prediction(11), 1) == 0


@pytest.mark.parametrize("late", [hello("two"), ready("two", seq=4)])
def test_a_restart_that_the_numbers_have_shown_counts_once(late):
    """The node's answer comes behind its first predictions."""
    counter = counted(hello(), prediction(200))
    counted(prediction(3), late, prediction(4), connection=1, counter=counter)
    assert figures(counter) == (3, 3, 1)
    counted(hello("two"), prediction(5), connection=1, counter=counter)
    assert figures(counter) == (4, 3, 1)
    counted(hello("three"), prediction(9), connection=2, counter=counter)
    assert figures(counter) == (5, 12, 2)


def test_the_port_was_away_and_the_program_went_on():
    counter = counted(hello("one"), prediction(0), prediction(1))
    counted(prediction(9), hello("one"), prediction(10), connection=1, counter=counter)
    assert figures(counter) == (4, 7, 0)


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 5))
def test_what_was_made_is_what_came_and_what_was_lost(arrives, first):
    counter = LossCounter()
    came = [seq for seq, whole in enumerate(arrives, first) if whole]
    lost = sum(counter.heard(prediction(seq)) for seq in came)
    assert lost == counter.lost and counter.restarts == 0
    if came:
        assert came[-1] - came[0] + 1 == counter.predictions + counter.lost


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=9), min_size=1, max_size=5))
def test_the_same_over_restarts(programs):
    """Each start is announced by a `ready`; what a program made after its last line is unknown."""
    counter, made = LossCounter(), 0
    for number, arrives in enumerate(programs):
        counter.heard(prediction(0) if not number else ready(str(number)))
        counter.heard(ready(str(number), seq=int(not number)))
        came = [seq for seq, whole in enumerate(arrives, int(not number)) if whole]
        for seq in came:
            counter.heard(prediction(seq))
        made += came[-1] + 1 if came else int(not number)
    assert made == counter.predictions + counter.lost
    assert counter.restarts == len(programs) - 1


def test_a_line_that_comes_twice_is_no_restart():
    counter = counted(prediction(7, ms=70), prediction(8, ms=80), prediction(8, ms=80))
    assert figures(counter) == (3, 0, 0) and counter.odd == 1
    assert counter.heard(prediction(9, ms=90)) == 0 and figures(counter) == (4, 0, 0)


def test_lines_out_of_order_are_no_restart():
    """A program that started over cannot have run for longer than the time since its last line."""
    counter = counted(*(prediction(seq, ms=3_600_000 + seq) for seq in (5, 7, 6, 8)))
    assert figures(counter) == (4, 1, 0) and counter.odd == 1


def test_numbers_that_no_node_reaches_are_not_believed():
    counter = counted(prediction(0), prediction(2**53 - 1), prediction(1))
    assert figures(counter) == (3, 0, 0) and counter.odd == 1
    counted(ready(seq=2**53 - 1), prediction(2), counter=counter)
    assert figures(counter) == (4, 0, 0) and counter.odd == 2
    counter.heard(ready("two", seq=2**53 - 1))
    assert counter.lost == 0


def test_a_node_that_goes_on_from_an_odd_number_is_followed():
    counter = counted(prediction(0), prediction(2**50), prediction(2**50 + 1))
    assert counter.heard(prediction(2**50 + 4)) == 2 and counter.lost == 2


def test_a_long_gap_is_believed_if_there_was_time_for_it():
    counter = LossCounter()
    counter.heard(prediction(0), now=50.0)
    assert counter.heard(prediction(10 * FASTEST), now=60.0) == 10 * FASTEST - 1
    assert counter.heard(prediction(20 * FASTEST), now=60.0) == 0, "no time has passed"
    assert counter.lost < 10 * FASTEST and counter.odd == 1


def test_what_a_liar_makes_up_is_bounded():
    """Restarts and programs without end lose no more than a node could have made."""
    counter = counted(prediction(0))
    for number in range(1000):
        counted(hello(str(number)), prediction(999), connection=number % 2, counter=counter)
        counted(ready(f"r{number}", seq=900), counter=counter)
        assert 0 <= counter.lost <= BURST
    assert counter.odd
