"""An open end of a line: a socket, or the master side of a pseudo-terminal."""

import os
import socket

CHUNK = 4096


class End:
    """One side of a Bridge, that is read and written without waiting."""

    def __init__(self, source: socket.socket | int) -> None:
        self.source = source
        self.fd = source if isinstance(source, int) else source.fileno()
        os.set_blocking(self.fd, False)

    def read(self) -> bytes | None:
        """What has come; None when the other side is gone."""
        try:
            return os.read(self.fd, CHUNK) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def write(self, data: bytes) -> int:
        """How many bytes were taken; a gone reader takes all."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def close(self) -> None:
        if isinstance(self.source, int):
            os.close(self.source)
        else:
            self.source.close()
