"""Which lines are whole, and where they begin."""

import pytest

from xnornode.link.framing import seal, unseal


@pytest.mark.quick
@pytest.mark.parametrize("before", [b"x", b"t = {1: 2} ", b'{"event":"pred', b"\xff\x00>>> ", b"{"])
def test_text_before_a_line_does_not_cost_it(before):
    line = seal(b'{"event":"source","name":"a {\\"event\\":1}"')
    assert unseal(line) and unseal(before + line) == unseal(line)
    assert unseal(before + line.replace(b"source", b"sourse")) is None


@pytest.mark.quick
@pytest.mark.parametrize(
    "body",
    [
        b'{"event":' + b"[" * 60_000,
        b'{"event":"end","count":1,"x":' + b"[" * 30_000 + b"]" * 30_000,
        b'{"event":"end","count":' + b"9" * 5000,
        b'{"event":"\xff\xfe"',
        b'{"event":{"event":"end"}',
    ],
)
def test_a_line_that_json_does_not_take_is_none(body):
    assert unseal(seal(body)) is None
