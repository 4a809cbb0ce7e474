"""Archives as package registries give them."""

import io
import tarfile


def tarball(files: dict[str, bytes]) -> bytes:
    """A .tgz that holds these files, by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
