"""A node on a broker, for pushes on which things go wrong between the two."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from tests.lab.bridge import Bridge
from tests.lab.brokerlab import Mosquitto
from tests.lab.faultlab import PATIENCE, QUICK, Lab, Outcome, lab_models
from tests.lab.faultplans import Plan
from tests.lab.gatewaylab import gateway, settings
from tests.lab.livenode import DEVICE, prepare
from tests.lab.mqttnode import NAME, MqttNode, prepare_mqtt
from tests.lab.mqttproxy import Kind, MqttFault, Proxy, at_random
from tests.lab.unixnode import UnixNode
from xnornode.errors import LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Prediction
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.ports import open_port
from xnornode.link.protocol import Session
from xnornode.link.push import push
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes

TIMING = replace(QUICK, breaks=6)
HELLOS = 10  # seconds for one of them to be answered
RETURN = 30.0  # seconds for the node to be there again


class MqttLab(Lab):
    """A node that is reached over a broker alone; a Proxy stands between the two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mosquitto = Mosquitto(folder / "broker")
        self.proxy = Proxy(self.mosquitto.port, lambda: self.mosquitto.restart(kill=True))
        model = to_bytes(lab_models()[0])
        program = prepare_mqtt(folder / "node", model, self.proxy.port, ("push",), hasty=True)
        self.models_folder = folder / "node" / "models"
        super().__init__(MqttNode([program], folder / "node", [DEVICE]), TIMING)

    def __enter__(self) -> Self:
        self.mosquitto.start()
        self.proxy.__enter__()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.proxy.__exit__()
        self.mosquitto.stop()

    @property
    def url(self) -> str:
        """What a PC opens."""
        return f"mqtt://127.0.0.1:{self.mosquitto.port}/{NAME}"

    def push(  # type: ignore[override]
        self, faults: Sequence[Any], noise: float = 0.0, seed: int = 0, **_: object
    ) -> Outcome:
        """Push the other model while these MqttFaults come, then check what must hold."""
        old, new = self.active, self.other
        self.proxy.arm(faults)
        try:
            outcome = Outcome(push(self.url, new, timing=self.timing), None, [])
        except LinkError as error:
            assert str(error).strip()
            outcome = Outcome(None, error, [])
        outcome = replace(outcome, fired=list(self.proxy.fired))
        self.proxy.arm([])
        self.check()
        assert self.active in (old, new)
        if outcome.pushed:
            assert self.active == new, "the push says that it has succeeded"
        return outcome

    def race(self, seed: int) -> list[Outcome]:
        """Two PCs push at once, while faults come."""
        self.proxy.arm(at_random(10_000 + seed))
        return super().race(seed)

    @contextmanager
    def two_hosts(self) -> Iterator[tuple[str, str]]:
        """Each is a client of its own."""
        yield self.url, self.url

    def check(self) -> None:
        """The node classifies with the model that it says, and its flash has it, bit for bit."""
        self.proxy.arm([])
        assert self.node.running, "the node's program has ended"
        wait = Deadline(RETURN)
        while True:
            with suppress(LinkError, OSError):
                self._check()
                break
            assert not wait.passed, "the node does not come back"
            wait.pause(0.1)
        models = self.models_folder.glob("*.bnn")
        first, *_ = sorted(models, key=lambda path: -int(path.name.split(".")[0]))
        assert first.read_bytes() == self.active

    def _check(self) -> None:
        with closing(open_port(self.url)) as port:
            session = Session(port, Timing(hello=PATIENCE))
            hello = any(session.greet(1.0) for _ in range(HELLOS))
            assert hello, f"the node does not answer: {session.refusal}"
            model = session.hello.model
            assert model
            # What waited while the broker was away comes first, and may be of the model before
            active = self.file(model.sha256)
            while True:
                event = session.receive(PATIENCE)
                assert event is not None, "the node does not classify"
                if isinstance(event, Prediction) and event.scores in self._scores[active]:
                    break
        self.active = active


class GatewayLab(MqttLab):
    """A node on a pseudo-terminal, behind a gateway; the Proxy stands between it and the broker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        program = prepare(folder / "behind", to_bytes(lab_models()[0]), realtime=True)
        self.models_folder = folder / "behind" / "models"
        self.node = UnixNode([program], folder / "behind", [DEVICE])
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.mosquitto.start()
        with ExitStack() as stack:
            stack.callback(self.mosquitto.stop)
            stack.enter_context(self.proxy)
            self.node.start()
            stack.callback(self.node.stop)
            bridge = stack.enter_context(Bridge(self.node.end))
            broker = BrokerSettings("127.0.0.1", self.proxy.port)
            made = replace(settings(self.mosquitto, self.folder, (NAME, bridge.url)), broker=broker)
            stack.enter_context(gateway(made))
            self.check()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def plans(count: int) -> Iterator[Plan]:
    """So many plans: each kind of fault at each message of a push, and random ones."""
    fixed = [
        (kind, way, nth)
        for kind in Kind
        for way in ("to node", "to host")
        for nth in range(1, 21 if way == "to node" else 31)
        if kind is not Kind.BROKER or nth % 3 == 1
    ]
    made = [
        Plan(f"each message: {kind.value}", [_fault(kind, way, nth)]) for kind, way, nth in fixed
    ][: count * 2 // 3]
    yield from made
    for seed in range(count - len(made)):
        yield Plan("random", at_random(seed), seed=seed)  # type: ignore[arg-type]


def _fault(kind: Kind, way: str, nth: int) -> Any:
    return MqttFault(kind, way, nth, size=2 + nth % 4, seconds=0.3)
