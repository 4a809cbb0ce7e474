"""A port in this process, from which given bytes come."""


class Port:
    """A port from which bytes come, so many at a time; then it goes away, or is silent."""

    name, is_open, timeout, write_timeout = "port", True, 0.0, 0.0

    def __init__(self, data: bytes, step: int = 700, goes: bool = True) -> None:
        self.data, self.step, self.goes = data, step, goes

    def read(self, size: int) -> bytes:
        size = min(size, self.step)
        data, self.data = self.data[:size], self.data[size:]
        if not data and self.goes:
            raise OSError("unplugged")
        return data

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass
