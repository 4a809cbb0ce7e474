"""What is no port: a message that says what to name, and none of a library's inner troubles."""

import os

import pytest

from xnornode.errors import LinkError
from xnornode.link.ports import open_port

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "file", "folder", "pipe", "loop"])
def test_what_is_no_serial_port(name, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LinkError, match="is no serial port: name one"):
        open_port(str(tmp_path / name))


@pytest.mark.parametrize("address", ["", "127.0.0.1", ":x", "h:x", "127.0.0.1:", "h:99999"])
@pytest.mark.parametrize("kind", ["socket", "SOCKET", "rfc2217"])
def test_an_address_without_a_port(kind, address):
    url = f"{kind}://{address}"
    with pytest.raises(LinkError) as error:
        open_port(url)
    assert str(error.value) == f"cannot open {url}: an address on a network is socket://HOST:PORT"
