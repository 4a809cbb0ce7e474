"""The MicroPython releases that are built from, each pinned by the SHA-256 of its archives."""

from __future__ import annotations

from dataclasses import dataclass, field

SUITE = "trixie"


@dataclass(frozen=True)
class Archive:
    """One file of the Debian pool: its source package, version, path there, and SHA-256."""

    package: str
    version: str
    path: str
    sha256: str
    suite: str = field(default=SUITE, repr=False)  # of Debian, which has it

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]


MICROPYTHON = Archive(
    "micropython",
    "1.25.0+ds-1",
    "pool/main/m/micropython/micropython_1.25.0+ds.orig.tar.xz",
    "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
)
PICO_SDK = Archive(
    "pico-sdk",
    "2.1.1-1",
    "pool/main/p/pico-sdk/pico-sdk-source_2.1.1-1_all.deb",
    "507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3",
)
TINYUSB = Archive(
    "tinyusb",
    "0.18.0+dfsg-1",
    "pool/main/t/tinyusb/tinyusb-source_0.18.0+dfsg-1_all.deb",
    "01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e",
)
NEWEST_MICROPYTHON = Archive(
    "micropython",
    "1.26.1+ds-1",
    "pool/main/m/micropython/micropython_1.26.1+ds.orig.tar.xz",
    "f5ad2ec89d3e921f753d448955af98b6005655f84ba26087dde6ba0e8d062f34",
    "forky",
)


@dataclass(frozen=True)
class Release:
    """One MicroPython with the libraries that it is built with."""

    name: str  # of its tree's folder
    version: str
    date: str  # in Unix seconds: same inputs, same firmware
    archives: tuple[Archive, ...]  # MicroPython's own is the first


PINNED = Release("micropython", "1.25.0", "1744675200", (MICROPYTHON, PICO_SDK, TINYUSB))
# The newest source that Debian has. A later one replaces it there, so that a computer without it in
# its cache gets it no more: no test needs it, and none of what users are given.
NEWEST = Release(
    "micropython-newest", "1.26.1", "1757548800", (NEWEST_MICROPYTHON, PICO_SDK, TINYUSB)
)
RELEASES = {"newest": NEWEST}
"""Those that --micropython takes by a name."""

# The Pico has no network: building it without TLS spares a fourth archive (Mbed TLS), which is
# replaced in Debian at each security update, so that a pin of it would soon point nowhere. The
# firmware lacks the modules ssl and cryptolib and hashlib.sha1 for it; hashlib.sha256 is there.
EDITS = (
    ("ports/rp2/mpconfigport.h", r"(MICROPY_SSL_MBEDTLS +)\(1\)", r"\1(0)"),
    ("ports/rp2/mpconfigport.h", r"(MICROPY_PY_SSL +)\(1\)", r"\1(0)"),
    ("ports/rp2/mpconfigport.h", r"(MICROPY_PY_CRYPTOLIB +)\(1\)", r"\1(0)"),
    ("ports/rp2/mpconfigport.h", r"(MICROPY_PY_HASHLIB_SHA1 +)\(1\)", r"\1(0)"),
    ("ports/rp2/CMakeLists.txt", r"set\(MICROPY_SSL_MBEDTLS ON\)\n", ""),
    ("ports/rp2/CMakeLists.txt", r"    mbedtls/mbedtls_port\.c\n", ""),
    ("ports/rp2/CMakeLists.txt", r"target_link_libraries\(\S+ micropy_lib_mbedtls\)\n", ""),
)
