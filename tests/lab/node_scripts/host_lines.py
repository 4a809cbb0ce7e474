# Runs in MicroPython: lines to a node, as the PC writes them (docs/reference/protocol.md).
from binascii import crc32

ESCAPED = bytes(range(32)) + b'"=\x7f'


def seal(body):
    """The line of an object whose end is missing: with its crc, without the line's end."""
    return body + b',"crc":"%08x"}' % crc32(body)


def escape(data):
    """Bytes of a model as they stand in a chunk."""
    out = bytearray()
    for byte in data:
        if byte in ESCAPED:
            out.append(0x3D)
            byte ^= 0x40
        out.append(byte)
    return bytes(out)
