"""The other layers and whole networks: forward and backward against formulas and finite
differences."""

import numpy as np
import pytest

from tests.lab.float64_layers import batch_norm, real_logits, slopes, small_blocks
from xnornode.errors import DataError
from xnornode.nn.activations import Int8ReLU, ReLU, Sign
from xnornode.nn.layer_spec import Conv, Dense, Spec
from xnornode.nn.layers import BatchNorm, BinaryDense, GlobalAveragePooling
from xnornode.nn.losses import cross_entropy, targets
from xnornode.nn.network import Network, NetworkSpec
from xnornode.nn.quantizers import STES, WeightBinarizer

pytestmark = pytest.mark.quick


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("kind", ["sign", "real"])
def test_dense_gradients(kind: str) -> None:
    layer = BinaryDense(12, 4, np.random.default_rng(2), binarizer=WeightBinarizer(kind))
    x, grad = normal(3, 5, 2, 3, 2), normal(4, 5, 4)
    latent = layer.weights.value
    used = np.where(latent < 0, -1.0, 1.0) if kind == "sign" else latent.astype(np.float64)
    flat = x.reshape(5, 12)
    z = layer.forward(x, training=True)
    assert np.allclose(z, flat @ used.T, atol=1e-5)
    assert (layer.forward(x, training=False) == z).all()
    by_x = slopes(lambda v: (grad * (v.reshape(5, 12) @ used.T)).sum(), x)
    by_w = slopes(lambda v: (grad * (flat @ v.T)).sum(), used)
    back = layer.backward(grad)
    assert back.shape == x.shape
    assert np.allclose(back, by_x, atol=1e-5)
    # By the signs, as real numbers: what the STE hands on to the latent weights.
    assert np.allclose(layer.weights.grad, by_w, atol=1e-5)


def test_dense_as_the_first_layer_gives_no_gradient_by_its_input() -> None:
    layer = BinaryDense(6, 4, np.random.default_rng(2), first=True)
    x, grad = normal(3, 5, 6), normal(4, 5, 4)
    layer.forward(x, training=True)
    assert layer.backward(grad).size == 0
    assert np.allclose(layer.weights.grad, grad.T @ x, atol=1e-5)


def test_mean_over_places_and_back() -> None:
    layer, x, grad = GlobalAveragePooling(), normal(1, 3, 4, 5, 2), normal(2, 3, 2)
    assert np.allclose(layer.forward(x, training=True), x.mean(axis=(1, 2)), atol=1e-6)
    by_x = slopes(lambda v: (grad * v.mean(axis=(1, 2))).sum(), x)
    assert np.allclose(layer.backward(grad), by_x, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 2, 3)])
@pytest.mark.parametrize("cut", [False, True])
def test_batch_norm_gradients(
    shape: tuple[int, ...], cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cut:
        small_blocks(monkeypatch)
    layer = BatchNorm(3)
    gamma = layer.gamma.value[:] = np.array([1.5, -0.5, 0.25], np.float32)
    beta = layer.beta.value[:] = np.array([0.5, 0.0, -1.0], np.float32)
    x, grad = 2 * normal(3, *shape) + 1, normal(4, *shape)
    y = layer.forward(x, training=True)
    assert np.allclose(y, batch_norm(x.astype(np.float64), gamma, beta), atol=1e-5)
    by_x = slopes(lambda v: (grad * batch_norm(v, gamma, beta)).sum(), x)
    by_gamma = slopes(lambda v: (grad * batch_norm(x, v, beta)).sum(), gamma)
    by_beta = slopes(lambda v: (grad * batch_norm(x, gamma, v)).sum(), beta)
    back = layer.backward(grad.copy())
    assert back.shape == x.shape
    assert np.allclose(back, by_x, atol=1e-5)
    assert np.allclose(layer.gamma.grad, by_gamma, atol=1e-4)
    assert np.allclose(layer.beta.grad, by_beta, atol=1e-4)


def test_batch_norm_infers_by_running_averages() -> None:
    layer = BatchNorm(3)
    x = 3 * normal(4, 64, 3) + 5
    layer.forward(x, training=True)
    assert np.allclose(layer.mean, 0.1 * x.mean(axis=0), rtol=1e-5)
    assert np.allclose(layer.var, 0.9 + 0.1 * x.var(axis=0), rtol=1e-5)
    for _ in range(200):
        trained = layer.forward(x, training=True)
    assert np.allclose(layer.mean, x.mean(axis=0), rtol=1e-4)
    assert np.allclose(layer.var, x.var(axis=0), rtol=1e-4)
    kept = layer.mean.copy()
    assert np.allclose(layer.forward(x, training=False), trained, atol=1e-3)
    assert (layer.mean == kept).all(), "inference leaves the averages alone"


def test_batch_norm_of_equal_values_is_finite() -> None:
    layer = BatchNorm(2)
    y = layer.forward(np.full((5, 2), 7, np.float32), training=True)
    assert (y == 0).all()
    assert np.isfinite(layer.backward(normal(1, 5, 2))).all()


def test_relu() -> None:
    layer, x, grad = ReLU(), normal(1, 4, 5), normal(2, 4, 5)
    assert (layer.forward(x, training=True) == np.where(x > 0, x, 0)).all()
    assert (layer.backward(grad.copy()) == np.where(x > 0, grad, 0)).all()


@pytest.mark.parametrize("name", list(STES))
@pytest.mark.parametrize("cut", [False, True])
def test_sign_passes_the_gradient_times_the_slope(
    name: str, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cut:
        small_blocks(monkeypatch)
    layer, x, grad = Sign(name), normal(1, 9, 2, 5), normal(2, 9, 2, 5)
    x[0, 0, 0] = 0
    assert (layer.forward(x, training=True) == np.where(x < 0, -1, 1)).all()
    wanted = grad * STES[name](x)
    assert (layer.backward(grad) == wanted).all()


def test_byte_relu_counts_steps_of_a_64th() -> None:
    layer = Int8ReLU()
    x = np.linspace(-1, 3, 4001).astype(np.float32)
    y = layer.forward(x, training=False)
    steps = np.clip(np.floor(x.astype(np.float64) * 64 + 0.5), 0, 127)
    assert (y * 64 == steps).all()
    assert set(y * 64) == set(range(128))
    edges = np.array([127 / 128, 1 / 128 - 1e-4], np.float32)
    assert layer.forward(edges, training=False).tolist() == [1, 0]


def test_byte_relu_passes_the_gradient_of_what_it_can_tell_apart() -> None:
    layer = Int8ReLU()
    x = np.array([-1, -0.001, 0.001, 1, 126.4 / 64, 126.6 / 64, 5], np.float32)
    layer.forward(x, training=True)
    grad = np.arange(1, 8, dtype=np.float32)
    assert layer.backward(grad).tolist() == [0, 0, 3, 4, 5, 0, 0]


def made(spec: NetworkSpec) -> Network:
    return Network(spec, np.random.default_rng(0))


NETS: dict[str, tuple[tuple[int, int, int], list[Spec], bool]] = {
    "dense": ((1, 1, 7), [Dense(5), Dense(4)], False),
    "no hidden layer": ((1, 1, 7), [], False),
    "convolutions": (
        (5, 4, 2),
        [Conv(4, (2, 3), (1, 1), (1, 1), (2, 2)), Conv(4, (2, 1), groups=2), Dense(3)],
        False,
    ),
    "global average pooling": ((5, 3, 2), [Conv(3, (3, 2)), Conv(3, (2, 1), groups=3)], True),
}


@pytest.mark.parametrize("name", list(NETS))
def test_gradients_of_a_whole_network(name: str) -> None:
    input_shape, specs, global_average_pooling = NETS[name]
    rng = np.random.default_rng(5)
    spec = NetworkSpec(
        input_shape, specs, 3, global_average_pooling=global_average_pooling, weights="real"
    )
    network = Network(spec, rng)
    for p in network.parameters():
        p.value += 0.2 * rng.normal(size=p.value.shape).astype(np.float32)
    x = rng.choice(np.array([-1, 1], np.float32), (6, int(np.prod(input_shape))))
    target = targets(rng.integers(0, 3, 6), 3, 0.1)
    values = [
        p.value.astype(np.float64)
        for block in network.blocks
        for p in (*block.linear.parameters(), *block.norm.parameters())
    ]
    logits = network.forward(x, training=True)
    assert np.allclose(logits, real_logits(network, x, values), atol=1e-4)
    _, grad = cross_entropy(logits, target)
    network.backward(grad)
    grads = [
        p.grad
        for block in network.blocks
        for p in (*block.linear.parameters(), *block.norm.parameters())
    ]
    assert any(abs(g).max() > 0.01 for g in grads)
    for i, mine in enumerate(grads):

        def loss(v: np.ndarray, at: int = i) -> float:
            changed = [*values[:at], v, *values[at + 1 :]]
            return cross_entropy(real_logits(network, x, changed), target)[0]

        assert np.allclose(mine, slopes(loss, values[i]), atol=1e-5), f"array {i}"


@pytest.mark.parametrize("name", list(NETS))
def test_a_step_against_the_gradient_of_a_binary_network_lowers_the_loss(name: str) -> None:
    input_shape, specs, global_average_pooling = NETS[name]
    rng = np.random.default_rng(6)
    spec = NetworkSpec(input_shape, specs, 3, global_average_pooling=global_average_pooling)
    network = Network(spec, rng)
    x = rng.choice(np.array([-1, 1], np.float32), (40, int(np.prod(input_shape))))
    target = targets(rng.integers(0, 3, 40), 3)
    losses = []
    for _ in range(60):
        loss, grad = cross_entropy(network.forward(x, training=True), target)
        losses.append(loss)
        network.backward(grad)
        for p in network.parameters():
            p.value -= np.float32(0.05) * p.grad
    assert min(losses[-10:]) < 0.9 * losses[0]


def test_blocks_say_what_they_see_and_give() -> None:
    specs = [Conv(4, pool=(2, 2), activation="int8"), Conv(6, (2, 2)), Dense(5, "int8"), Dense(7)]
    network = made(NetworkSpec((8, 8, 1), specs, 3, inputs="int8"))
    seen = [(b.input_shape, b.inputs, b.output, b.unit) for b in network.blocks]
    assert seen == [
        ((8, 8, 1), "int8", "int8", 1 / 128),
        ((3, 3, 4), "int8", "binary", 1 / 64),
        ((1, 1, 24), "binary", "int8", 1),
        ((1, 1, 5), "int8", "binary", 1 / 64),
        ((1, 1, 7), "binary", "scores", 1),
    ]
    averaged = made(NetworkSpec((8, 8, 1), [Conv(4)], 3, global_average_pooling=True))
    last = averaged.blocks[-1]
    assert (last.input_shape, last.unit) == ((6, 6, 4), 1 / 36)


def test_decisions_are_the_hidden_outputs_then_the_logits() -> None:
    specs: list[Spec] = [Conv(4, activation="int8"), Dense(5)]
    network = made(NetworkSpec((5, 5, 1), specs, 3))
    x = np.where(normal(1, 6, 25) < 0, -1, 1).astype(np.float32)
    first, second, logits = network.decisions(x)
    assert first.shape == (6, 3, 3, 4) and set(np.unique(first * 64)) <= set(range(128))
    assert second.shape == (6, 5) and set(np.unique(second)) == {-1, 1}
    assert (logits == network.forward(x, training=False)).all()


def test_norms_behind_a_pool_keep_rising() -> None:
    network = made(NetworkSpec((6, 6, 1), [Conv(4, pool=(2, 2)), Conv(3, (2, 2))], 2))
    floors = [block.norm.gamma.floor for block in network.blocks]
    assert floors == [BatchNorm.LEAST_GAMMA, None, None]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Conv(4, (7, 3)), r"kernel \(7, 3\).* does not fit an input of 6 x 5"),
        (Conv(4, (3, 3), pool=(2, 4)), r"pool \(2, 4\) does not fit an input of 6 x 5"),
        (Conv(4, (3, 3), padding=(0, 3)), "padding 3 must be at least 0 and below the kernel's 3"),
        (Conv(4, (3, 3), padding=(-1, 0)), "padding -1 must be at least 0"),
        (Conv(4, groups=3), "3 groups must divide 2 channels and 4 outputs"),
        (Conv(3, groups=2), "2 groups must divide 2 channels and 3 outputs"),
        (Conv(0), "must be above 0"),
        (Conv(4, stride=(0, 1)), "must be above 0"),
        (Conv(4, pool=(1, 0)), "must be above 0"),
    ],
)
def test_convolutions_that_do_not_fit(spec: Conv, message: str) -> None:
    with pytest.raises(DataError, match=message):
        made(NetworkSpec((6, 5, 2), [spec], 3))


def test_a_dense_layer_has_outputs() -> None:
    with pytest.raises(DataError, match="width must be at least 1, not 0"):
        Dense(0)
