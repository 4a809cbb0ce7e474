"""Links to ports, as in /dev/serial/by-id: boards that are plugged in get other numbers."""

import os
import tty
from contextlib import closing

import pytest

from tests.lab.sharelab import read
from xnornode.errors import LinkError
from xnornode.link import share
from xnornode.link.addresses import Port
from xnornode.link.ports import _open_alone, open_port

pytestmark = [pytest.mark.quick, pytest.mark.usefixtures("meeting_folder")]


@pytest.fixture
def ptys():
    """Two ports: the far ends, and their names."""
    pairs = [os.openpty() for _ in range(2)]
    for _, slave in pairs:
        tty.setraw(slave)
    yield [(master, os.ttyname(slave)) for master, slave in pairs]
    for ends in pairs:
        for end in ends:
            os.close(end)


def lead(link, name):
    link.with_suffix(".new").symlink_to(name)
    link.with_suffix(".new").rename(link)


def test_a_link_that_moves_while_it_is_opened(ptys, tmp_path):
    """Else the port would be shared under another one's name, and get what is meant for that."""
    (first, first_name), (second, second_name) = ptys
    link = tmp_path / "board"
    lead(link, first_name)

    def opens(name):
        lead(link, second_name)
        return _open_alone(name)

    with (
        closing(share.open_shared(Port(str(link)), opens)) as port,
        closing(open_port(first_name)) as other,
        closing(open_port(second_name)) as same,
    ):
        os.write(first, b"first\n")
        assert read(other, b"first\n") == b"first\n"
        os.write(second, b"second\n")
        assert read(port, b"second\n") == read(same, b"second\n") == b"second\n"


def test_a_link_that_moves_all_the_time(ptys, tmp_path):
    link, names = tmp_path / "board", [name for _, name in ptys]
    lead(link, names[0])

    def opens(name):
        lead(link, names[os.path.realpath(name) == names[0]])
        return _open_alone(name)

    with pytest.raises(LinkError, match="leads to another port each time"):
        share.open_shared(Port(str(link)), opens)
