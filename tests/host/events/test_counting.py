"""Events on streams made by hand, and that they are counted as a node makes them."""

import numpy as np
import pytest

from xnornode.data.windows import Recording, cut_windows
from xnornode.events.chosen import follow
from xnornode.events.counting import mean_answers, outcome
from xnornode.events.streams import Streams, every_hop, join
from xnornode.model.answers import Answers, AnswerStream

pytestmark = pytest.mark.quick
SURE = 1000  # a score that makes a class all but certain


def streams(*recordings: tuple[int, str], classes: int = 3) -> Streams:
    """Recordings of a class, and what each window says: a class, or "?" for equal scores."""
    scores, labels, numbers, ends = [], [], [], []
    for number, (label, said) in enumerate(recordings):
        for at, letter in enumerate(said):
            scores.append([SURE * (letter == str(c)) for c in range(classes)])
            labels.append(label)
            numbers.append(number)
            ends.append(1.0 + at)
    groups = np.array([f"p{n % 2}" for n in numbers])
    whole = np.array(scores, np.int32), np.ones(len(labels))
    return Streams(*whole, np.array(labels), groups, np.array(numbers), np.array(ends), True)


def count(given: Streams, threshold: int = 40_000, hold_off: int = 0, background=(), windows=1):
    """The outcome, which must be the same window by window and all at once."""
    answers = Answers(65535, 0, windows, threshold, hold_off, background)
    temperature = 1 / answers.inverse_temperature
    found = given.probabilities(temperature)
    best, confidence = mean_answers(given, found, windows)
    all_at_once = outcome(given, best, confidence, threshold, hold_off, background)
    assert follow(answers, given) == all_at_once
    return all_at_once


def test_an_event_of_each_recording():
    o = count(streams((0, "000"), (1, "1111"), (2, "22")))
    assert (o.windows, o.answered, o.right, o.events) == (9, 9, 9, 3)
    assert (o.missed, o.false, o.repeated, o.late) == (0, 0, 0, 1.0)
    assert o.hours == pytest.approx((3 + 4 + 2) / 3600)
    assert (o.accuracy, o.unknown, o.missed_share) == (1, 0, 0)


def test_false_ones_are_of_another_class_and_late_ones_count():
    o = count(streams((0, "1100"), (0, "??0?"), (1, "2222")))
    assert (o.events, o.missed, o.false, o.repeated) == (3, 1, 2, 0)
    assert o.late == 3.0 and o.false_per_hour == pytest.approx(2 / (12 / 3600))
    assert (o.answered, o.right) == (9, 3)


def test_unknown_in_between_makes_an_event_once_more():
    assert count(streams((0, "0?00?0"))).repeated == 2
    assert count(streams((0, "0?00?0")), hold_off=6).repeated == 0
    assert count(streams((0, "0?00?0")), hold_off=2).repeated == 1
    assert count(streams((0, "0?00?0")), threshold=0).repeated == 0


def test_each_recording_begins_as_after_a_gap():
    o = count(streams((0, "00"), (0, "00"), (0, "0")), hold_off=60)
    assert (o.missed, o.false, o.repeated) == (0, 0, 0)
    assert count(streams((0, "00"), (1, "11")), windows=32).right == 4


def test_background_makes_no_events_and_what_is_detected_in_it_is_false():
    given = streams((0, "0001100"), (1, "0011"), (2, "00000"))
    o = count(given, background=(0,))
    assert (o.events, o.missed, o.false, o.late) == (2, 1, 1, 3.0)
    assert (o.answered, o.right) == (16, 7 - 2 + 2)
    o = count(given)
    assert (o.events, o.missed, o.false, o.repeated) == (3, 1, 3, 1)


def test_a_class_that_began_in_the_hold_off_is_detected_after_it():
    o = count(streams((1, "001111")), hold_off=3)
    assert (o.false, o.missed, o.late) == (1, 0, 5.0)
    assert count(streams((1, "0011")), hold_off=3).missed == 1


def test_a_mean_is_as_the_stream_computes_it():
    rng = np.random.default_rng(0)
    lengths, classes = (1, 2, 40, 33, 7), 5
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    scores = rng.integers(-300, 300, (len(numbers), classes)).astype(np.int32)
    scores[::7] = scores[::7, :1]  # equal scores
    labels = rng.integers(0, classes, len(lengths))[numbers]
    n = len(numbers)
    given = Streams(scores, np.ones(n), labels, labels.astype(str), numbers, np.ones(n), True)
    for windows in (1, 2, 7, 32):
        answers = Answers(*Answers.scaled(0.01), windows, 30_000, 3, (1, 4))
        found = given.probabilities(1 / answers.inverse_temperature)
        best, confidence = mean_answers(given, found, windows)
        at = 0
        for length in lengths:
            stream = AnswerStream(answers, classes)
            for s in scores[at : at + length]:
                answer = stream.add(s)
                assert (answer.best, answer.confidence) == (best[at], confidence[at])
                at += 1
        assert follow(answers, given) == outcome(given, best, confidence, 30_000, 3, (1, 4))


def test_no_sample_rate_no_hours():
    given = streams((0, "01"), (1, "1"))
    still = Streams(*{**vars(given), "ends": np.zeros(3)}.values())
    o = count(still)
    assert (o.hours, o.false_per_hour, o.late, o.false) == (0, None, None, 1)


def test_joined_streams_keep_their_recordings_apart():
    one, two = streams((0, "00"), (1, "1")), streams((2, "2?"), (0, "0"))
    both = join([one, two])
    assert both.recordings.tolist() == [0, 0, 1, 2, 2, 3] and both.longest == 2
    assert both.lasts.tolist() == [1, 2, 4, 5] and both.first.tolist() == [0, 0, 2, 3, 3, 5]


def test_the_windows_that_a_node_sees_are_taken_of_those_that_overlap_more():
    samples = np.arange(200, dtype=np.int16).reshape(100, 2)
    recordings = [Recording(samples, "a", "p", "one"), Recording(samples[:50], "b", "q", "two")]
    windows = cut_windows(recordings, "ab", length=20, hop=4)
    kept = windows.select(every_hop(windows, 16))
    assert kept.places is not None
    assert kept.places.tolist() == [[0, 16 * i] for i in range(6)] + [[1, 0], [1, 16]]
    mixed = windows.select(np.random.default_rng(0).permutation(len(windows)))
    again = mixed.select(every_hop(mixed, 16))
    assert (again.items == kept.items).all()
    odd = every_hop(windows, 10)
    assert windows.places is not None
    assert windows.places[odd][:4].tolist() == [[0, 0], [0, 12], [0, 20], [0, 32]]
