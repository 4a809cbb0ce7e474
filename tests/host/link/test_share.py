"""Several programs on one port: in this process, and in others."""

import os
import signal
import threading
import time
from contextlib import closing, suppress

import pytest
import serial

from tests.lab.sharelab import SOON, guest, meeting_files, program, read
from xnornode.errors import LinkError
from xnornode.link import ports, share, share_guest, share_place
from xnornode.link.addresses import Port
from xnornode.link.deadline import Deadline
from xnornode.link.framing import command, seal, unseal
from xnornode.link.ports import open_again, open_port
from xnornode.link.reactor import Reactor
from xnornode.link.share_frames import greeting, read_greeting
from xnornode.link.share_place import Place

pytestmark = pytest.mark.quick

PREDICTION = seal(b'{"event":"prediction","seq":1,"ms":2,"label":"a","scores":[1],"index":0,"us":5')
OWNER = "port = open_port(url)\nprint('open', flush=True)\nsys.stdin.readline()\nport.close()\n"


@pytest.fixture(autouse=True, params=["threads", "reactor"])
def folder(meeting_folder, request, monkeypatch):
    if request.param == "threads":
        yield meeting_folder
        return
    failures = []
    reactor = Reactor(failures.append)
    reactor.start()
    opens = share.open_shared
    monkeypatch.setattr(ports, "open_shared", lambda *about: opens(*about[:3], reactor))
    yield meeting_folder
    reactor.close()
    assert not failures


def test_all_hear_a_prediction_and_one_program_has_the_port_open(far, folder):
    with (
        closing(open_port(far.url)) as owner,
        closing(open_port(far.url)) as second,
        closing(guest(far.url)) as third,
    ):
        ports = owner, second, third
        far.say(PREDICTION)
        assert [read(port, PREDICTION) for port in ports] == [PREDICTION] * 3
        for port in ports:
            port.write(command("list", 1))
        assert far.until(lambda: far.heard.count(b'"cmd":"list"') == 3)
        for line in far.heard.splitlines():
            number = line.split(b'"id":')[1].split(b",")[0]
            far.say(seal(b'{"event":"reply","id":%s,"part":[]' % number))
        whole = seal(b'{"event":"reply","id":1,"part":[]')
        assert [read(port, whole) for port in ports] == [whole] * 3
        assert (far.opened, far.most) == (1, 1)
        assert meeting_files(folder)
    assert far.until(lambda: not far.is_open)
    assert not meeting_files(folder)


def test_a_port_of_one_program_carries_any_bytes(far):
    with closing(open_port(far.url)) as port:
        data = bytes(range(256)) * 300
        port.write(data)
        assert far.hears(data)
        far.say(data)
        assert read(port, data) == data
        port.timeout = 0
        assert port.read(10) == b"" and port.in_waiting == 0


def test_the_owner_ends_and_a_guest_becomes_the_owner(far):
    owner = open_port(far.url)
    third = guest(far.url)
    owner.close()
    with pytest.raises(serial.SerialException, match="has closed it"):
        read(third, b"x")
    third.close()
    with closing(open_again(far.url, SOON)) as port:
        assert far.until(lambda: far.opened == 2 and far.is_open)
        far.say(b"x")
        assert read(port, b"x") == b"x"


def test_an_owner_that_is_killed_leaves_the_port_free(far, said, folder):
    with program(OWNER, far.url) as process:
        assert process.stdout.readline() == "open\n"
        with closing(open_port(far.url)) as port:
            assert said and "(process " in said[0] and far.opened == 1
            process.send_signal(signal.SIGKILL)
            with pytest.raises(serial.SerialException, match="gone"):
                read(port, b"x")
        assert meeting_files(folder)  # its socket is there still
        with closing(open_again(far.url, SOON)):
            assert far.until(lambda: far.opened == 2)
    assert not meeting_files(folder)


def test_many_start_at_once_and_one_opens_the_port(far):
    code = "port = open_port(url)\nport.timeout = 60\nprint(port.read(1), flush=True)\n"
    code += "sys.stdin.readline()\n"
    processes = []
    for _ in range(6):
        context = program(code, far.url)
        processes.append((context, context.__enter__()))
    try:
        assert far.until(lambda: far.is_open)
        heard = [threading.Thread(target=p.stdout.readline) for _, p in processes]
        for thread in heard:
            thread.start()
        wait = Deadline(60)
        while any(thread.is_alive() for thread in heard) and not wait.passed:
            far.say(b".\n")
            wait.pause(0.2)
        assert not any(thread.is_alive() for thread in heard)
        assert (far.opened, far.most) == (1, 1)
    finally:
        for context, _ in processes:
            context.__exit__(None, None, None)


def test_a_port_that_goes_away_is_gone_for_all_and_comes_back_once(far):
    ports = [open_port(far.url), open_port(far.url), guest(far.url)]
    far.unplug()
    for port in ports:
        with pytest.raises(serial.SerialException):
            read(port, b"x")
        with pytest.raises(serial.SerialException):
            port.write(b"x")
        port.close()
    assert far.until(lambda: not far.is_open)
    again = [open_again(far.url, SOON) for _ in ports]
    assert far.until(lambda: far.is_open)
    far.say(b"x\n")
    assert [read(port, b"x\n") for port in again] == [b"x\n"] * 3 and far.most == 1
    for port in again:
        port.close()


def test_sharing_can_be_switched_off(far, monkeypatch, folder):
    monkeypatch.setenv(share.VARIABLE, "no")
    monkeypatch.setattr(ports, "open_shared", share.open_shared)
    with closing(open_port(far.url)) as port:
        assert not getattr(port, "shares", False) and not meeting_files(folder)


def test_a_folder_that_others_can_enter_is_not_used(far, said, folder, monkeypatch):
    monkeypatch.setattr(ports, "open_shared", share.open_shared)
    place = folder / "xnornode"
    place.mkdir(mode=0o755)
    for _ in range(2):
        with closing(open_port(far.url)) as port:
            assert not getattr(port, "shares", False)
    assert len(said) == 1 and f"chmod 700 {place}" in said[0]
    place.rmdir()
    place.symlink_to(folder)
    with pytest.raises(share_place.NoPlaceError, match="no folder"):
        Place(far.url)
    place.unlink()
    if os.getuid() == 0:
        place.mkdir(mode=0o700)
        os.chown(place, 12345, -1)
        with pytest.raises(share_place.NoPlaceError, match="another user"):
            Place(far.url)


def test_names_of_one_port_meet_at_one_place(tmp_path):
    link = tmp_path / "by-id"
    link.symlink_to("/dev/null")
    assert share_place.key_of(str(link)) == share_place.key_of("/dev/null")
    assert share_place.key_of("socket://A:1?logging=info") == share_place.key_of("SOCKET://a:1")
    assert share_place.key_of("socket://a:1") != share_place.key_of("rfc2217://a:1")


def connection(url):
    end, _ = Place(url).connect()
    return end


def test_another_version_is_refused_by_name(far, monkeypatch):
    with closing(open_port(far.url)), closing(connection(far.url)) as end:
        end.sendall(b'xnornode-share 2 {"program":"newer"}\n')
        version, said = read_greeting(end, Deadline(SOON))
        assert version == 1 and "version 1" in said["refused"]
    place = Place(Port(far.url))
    assert place.claim()

    def newer():
        end = place.accept()
        read_greeting(end, Deadline(SOON))
        end.sendall(b'xnornode-share 2 {"program":"xnornode studio","process":7}\n')

    threading.Thread(target=newer, daemon=True).start()
    with pytest.raises(LinkError, match=r"busy: xnornode studio \(process 7\) has it.*version 2"):
        open_port(far.url)
    place.leave()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 5000,
        b"xnornode-share 1 " + b"[" * 1500 + b"\n",
        b"xnornode-share 1 {}\nZ\x00\x00\x01x",
        b"xnornode-share 1 {}\nD\xff\xff\xff",
        b"xnornode-share 1 {}\nC\x00\x00\x02[]",
        b'xnornode-share 1 {}\nC\x00\x00\x07{"ask":',
        b'xnornode-share 1 {"process":"x","program":["\\u001b[31m"]}\nA\x00\x00\x00',
    ],
)
def test_hostile_bytes_on_the_socket_cost_the_others_nothing(far, monkeypatch, data):
    monkeypatch.setattr(share_guest, "GREETING_SECONDS", 0.5)
    with closing(open_port(far.url)) as owner:
        with closing(connection(far.url)) as end:
            end.sendall(data)
            end.settimeout(SOON)
            with suppress(ConnectionError):  # it is sent away
                while end.recv(4096):
                    pass
        far.say(PREDICTION)
        assert read(owner, PREDICTION) == PREDICTION
        owner.write(command("list", 1))
        assert far.until(lambda: b"list" in far.heard)


def test_unknown_things_are_answered(far):
    with closing(open_port(far.url)), closing(guest(far.url)) as port:
        for more in ({"name": "fd", "value": 3}, {"name": "baudrate", "value": "fast"}):
            with pytest.raises(serial.SerialException):
                port._end.do("set", **more)
        with pytest.raises(serial.SerialException, match="no such thing"):
            port._end.do("explode")


def test_a_guest_that_does_not_read_holds_up_nobody(far):
    line = b"x" * 8000 + b"\n"
    with closing(open_port(far.url)) as owner, closing(guest(far.url)):
        for _ in range(400):  # 3 MB
            far.say(line)
            assert read(owner, line) == line


def test_programs_meet_over_tcp_where_there_are_no_unix_sockets(far, folder, monkeypatch):
    monkeypatch.setattr(share_place, "UNIX", False)
    monkeypatch.setenv("LOCALAPPDATA", str(folder))
    with closing(open_port(far.url)) as owner, closing(guest(far.url)) as other:
        far.say(PREDICTION)
        assert read(owner, PREDICTION) == read(other, PREDICTION) == PREDICTION
        (file,) = folder.glob("xnornode/*.tcp")
        assert file.stat().st_mode & 0o077 == 0
        end, more = Place(far.url).connect()
        end.sendall(greeting({"program": "thief", "token": more["token"][:-1] + "x"}))
        assert "token" in read_greeting(end, Deadline(SOON))[1]["refused"]
        end.close()
    assert not meeting_files(folder)


def test_an_answer_comes_at_once(far):
    """A command goes through the owner and back, again and again: no wait hides in there."""
    with closing(open_port(far.url)), closing(guest(far.url)) as port:
        start, count = time.monotonic(), 300
        for number in range(count):
            port.write(command("list", number))
            assert far.until(lambda: far.heard.endswith(b"\n"))
            wire = far.heard.split(b'"id":')[1].split(b",")[0]
            far.heard = b""
            whole = seal(b'{"event":"reply","id":%d,"part":[]' % number)
            far.say(seal(b'{"event":"reply","id":%s,"part":[]' % wire))
            assert read(port, whole) == whole and unseal(whole)
        print(f"{1000 * (time.monotonic() - start) / count:.2f} ms each")


def test_a_full_house_is_refused(far):
    ports = [open_port(far.url)]
    try:
        with pytest.raises(LinkError, match="share"):
            for _ in range(40):
                ports.append(guest(far.url))
    finally:
        for port in reversed(ports):
            port.close()
