"""A node without a model whose sensor feels one gesture, on the unix build."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.lab.bridge import Bridge
from tests.lab.gestures import gesture
from tests.lab.livenode import DEVICE, prepare
from tests.lab.motionlab import AXES
from tests.lab.unixnode import UnixNode
from xnornode.data.recording_file import RecordFile, to_bytes
from xnornode.data.windows import Recording

SCALES = (122_070,) * 3 + (15_267_176,) * 3


@contextmanager
def gesture_node(folder: Path, label: str, rate: int, faster: int = 1) -> Iterator[str]:
    """The node's port.

    Args:
        label: the gesture.
        rate: samples a second, a divisor of 200.
        faster: so many times faster than usual it is made.
    """
    program = prepare(folder, b"", realtime=True)
    (folder / "models" / "1.bnn").unlink()
    values = np.asarray(gesture(label).source)[:: 200 * faster // rate]
    counts = np.round(values / (np.array(SCALES) * 1e-9)).clip(-32768, 32767).astype(np.int16)
    felt = RecordFile(Recording(counts, "x", "p1", "r0"), AXES, SCALES, 1000 * rate)
    (folder / "recordings" / "r0.rec").write_bytes(to_bytes(felt))
    with UnixNode([program], folder, [DEVICE]) as node, Bridge(node.fd) as bridge:
        yield bridge.url
