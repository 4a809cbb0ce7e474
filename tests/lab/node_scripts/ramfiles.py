# Runs in MicroPython: files in RAM, in place of the module os and of open, for fuzzing. A program
# calls `install` before it imports what imports os.
import builtins
import os
import sys

FILE, FOLDER = 0x8000, 0x4000
BLOCK, BLOCKS = 4096, 64


class File:
    """An open file. Writes reach the data at once."""

    def __init__(self, data, at):
        self._data, self._at = data, at

    def read(self, size=-1):
        end = len(self._data) if size < 0 else self._at + size
        found = bytes(memoryview(self._data)[self._at : end])
        self._at += len(found)
        return found

    def readinto(self, buffer):
        found = self.read(len(buffer))
        memoryview(buffer)[: len(found)] = found
        return len(found)

    def write(self, data):
        self._data.extend(data)
        return len(data)

    def flush(self):
        pass

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class RamFiles:
    """What the node's library uses of the module os. files: from paths to bytearrays."""

    def __init__(self):
        self.files, self.folders = {}, {"", "/"}
        self.urandom, self.sep = os.urandom, "/"

    def install(self):
        sys.modules["os"] = self
        builtins.open = self.open

    def open(self, path, mode="r"):
        if "w" in mode:
            self.files[path] = bytearray()
        elif path not in self.files:
            if "a" not in mode:
                raise OSError(2, path)
            self.files[path] = bytearray()
        data = self.files[path]
        return File(data, len(data) if "a" in mode else 0)

    def listdir(self, folder):
        if folder not in self.folders:
            raise OSError(2, folder)
        start = len(folder) + 1
        return [path[start:] for path in self.files if path.startswith(folder + "/")]

    def stat(self, path):
        if path in self.files:
            return (FILE, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)
        if path in self.folders:
            return (FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2, path)

    def statvfs(self, _):
        used = sum(-(-len(data) // BLOCK) for data in self.files.values())
        return (BLOCK, BLOCK, BLOCKS, BLOCKS - used, BLOCKS - used, 0, 0, 0, 0, 255)

    def remove(self, path):
        if path not in self.files:
            raise OSError(2, path)
        del self.files[path]

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)

    def mkdir(self, path):
        self.folders.add(path)

    def sync(self):
        pass
