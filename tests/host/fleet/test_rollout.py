"""Roll-outs to simulated fleets, over a real broker, with short waits."""

import threading

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import PATIENCE, NativeGateway, Watcher, say_hours
from tests.lab.fleetsim import Fleet, model_file
from tests.lab.rolloutlab import SHORT, Operator, sha
from xnornode.fleet import rollout_start
from xnornode.fleet.payloads import Update, to_payload
from xnornode.fleet.rollout import Bounds, to_rollout
from xnornode.fleet.rollout_nodes import RolloutNodes
from xnornode.fleet.rollout_record import TakenOver
from xnornode.fleet.updater_push import attempt, over_broker

OLD, NEW = model_file(1), model_file(2)
SILENT = Bounds(apart=25, silent=1000, patience=30_000)


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def operator(mosquitto, fleet):
    made = Operator(mosquitto.settings())
    yield made
    made.broker.close()


@pytest.fixture
def fleet(mosquitto, tmp_path):
    names = [f"n{k}" for k in range(6)]
    with Fleet(mosquitto.settings(), names, tmp_path, OLD, rate=40) as nodes:
        say_hours(nodes)
        yield nodes


@pytest.fixture
def gateway(mosquitto, fleet):
    with NativeGateway(mosquitto.settings()) as gateway:
        yield gateway


def files(fleet):
    return {name: node.file for name, node in fleet.nodes.items()}


def test_stage_after_stage_to_its_end(operator, fleet, gateway):
    done = operator.runner(operator.begin(NEW, "1,50%,100%", wait=0)).run()
    assert done.state == "done"
    assert [len(stage) for stage in done.stages] == [1, 2, 3]
    assert set(files(fleet).values()) == {NEW}
    stages = [told.text for told in operator.told if told.kind == "stage"]
    assert len(stages) == 6 and stages[-1].startswith("3 of 3 nodes updated")


def halted(operator, fleet, rollout):
    """Run it; the record, after a check of every node: the old or the new model, bit for bit."""
    ended = operator.runner(rollout).run()
    assert ended.state == "halted"
    first = ended.stages[0]
    for name, data in files(fleet).items():
        assert data == OLD or (data == NEW and name in first), name
    later = [name for name in fleet.nodes if name not in first]
    assert not any(operator.view.nodes[name].latest for name in later)
    return ended


def test_a_changed_mix_of_labels_halts(operator, fleet, gateway):
    fleet.mixes[sha(NEW)] = (1, 0, 0)
    ended = halted(operator, fleet, operator.begin(NEW, wait=30))
    assert "mix of labels has changed" in ended.why and "class 0 was" in ended.why


def test_without_hours_the_first_stage_is_watched_before(operator, fleet, gateway):
    fleet.broker.publish_all([(f"xnornode/{name}/hour", b"") for name in fleet.nodes])
    operator.view.settle()
    fleet.mixes[sha(NEW)] = (1, 0, 0)
    ended = halted(operator, fleet, operator.begin(NEW, wait=30))
    assert "mix of labels has changed" in ended.why
    assert sum(ended.before[ended.stages[0][0]].labels.values()) > 40
    assert "watching the first stage before" in operator.told[0].text


def test_a_failed_self_test_halts(operator, fleet, gateway):
    for node in fleet.nodes.values():
        node.fails.add(sha(NEW))
    ended = halted(operator, fleet, operator.begin(NEW))
    assert "selftest" in ended.why
    assert not operator.view.nodes[ended.stages[0][0]].latest  # it was put back


def test_a_node_that_falls_back_halts(operator, fleet, gateway):
    for node in fleet.nodes.values():
        node.crashes.add(sha(NEW))
    assert "fell_back" in halted(operator, fleet, operator.begin(NEW)).why


@pytest.mark.parametrize(
    "happens, why",
    [
        (lambda fleet, name: fleet.restart(name), "restarted"),
        (lambda fleet, name: setattr(fleet.nodes[name], "silent", True), "silent"),
        (lambda fleet, name: fleet.away(name), "silent"),
    ],
)
def test_what_happens_under_watch_halts(operator, fleet, gateway, happens, why):
    rollout = operator.begin(NEW, wait=30, bounds=SILENT if why == "silent" else SHORT)
    runner = operator.runner(rollout)
    tell = runner._tell

    def telling(told):
        tell(told)
        if "watching them" in told.text:
            threading.Timer(0.2, happens, (fleet, rollout.stages[0][0])).start()

    runner._tell = telling
    assert why in runner.run().why


def test_a_restart_of_the_broker_amid_it(operator, fleet, gateway, mosquitto):
    rollout = operator.begin(NEW, "1,50%,100%", wait=0)
    runner = operator.runner(rollout)
    tell = runner._tell

    def telling(told):
        tell(told)
        if told.text.startswith("stage 2"):
            mosquitto.restart()

    runner._tell = telling
    ended = runner.run()
    assert ended.state == "done", operator.texts()
    assert operator.broker.reconnections and set(files(fleet).values()) == {NEW}


def test_failures_that_are_allowed(operator, fleet, gateway):
    rollout = operator.begin(NEW, wait=0, bounds=Bounds(failures=1, apart=25))
    bad = rollout.stages[1][0]
    fleet.nodes[bad].fails.add(sha(NEW))
    ended = operator.runner(rollout).run()
    assert ended.state == "done" and set(ended.failed) == {bad}
    assert {name for name, data in files(fleet).items() if data == OLD} == {bad}


def test_nodes_that_are_away_are_not_waited_for_and_catch_up(operator, fleet, gateway):
    (first,) = operator.begin(NEW).stages[0]
    fleet.away(first)
    operator.view.settle()
    rollout = operator.begin(NEW, "1,3,5,100%", wait=0)
    assert rollout.stages[-1] == (first,)  # those that are away come last
    gone = rollout.stages[1][0]
    fleet.away(gone)
    ended = operator.runner(rollout).run()
    assert ended.state == "done", operator.texts()
    assert files(fleet)[gone] == files(fleet)[first] == OLD
    assert gone in operator.told[-1].text and first in operator.told[-1].text
    fleet.back(gone)
    fleet.back(first)
    with Watcher(operator.broker.settings) as watcher:
        watcher.until(lambda: set(files(fleet).values()) == {NEW})


def test_without_a_gateway_it_is_stuck(operator, fleet):
    rollout = operator.begin(NEW, bounds=Bounds(patience=1000))
    ended = operator.runner(rollout).run()
    assert ended.state == "halted" and "is a gateway there" in ended.why


def test_another_program_goes_on_after_a_crash(mosquitto, operator, fleet, gateway):
    rollout = operator.begin(NEW, "1,50%,100%", wait=0)
    runner = operator.runner(rollout)

    def crash(told):
        if told.kind == "stage" and told.text.startswith("stage 2"):
            raise SystemExit

    runner._tell = crash
    runner._record.release = lambda: None  # as a power cut leaves it
    with pytest.raises(SystemExit):
        runner.run()
    other = Operator(mosquitto.settings())
    found = rollout_start.find(other.view, None)
    assert found.stage == 1 and found.runner
    said = []
    rollout_start.claim(other.view, found, said.append, unseen=1.5)
    assert said
    assert other.runner(found).run().state == "done"
    assert set(files(fleet).values()) == {NEW}
    other.broker.close()


def test_a_second_runner_is_refused_and_one_that_was_taken_over_stops(
    mosquitto, operator, fleet, gateway
):
    runner = operator.runner(operator.begin(NEW, wait=60))
    ends = []

    def run():
        try:
            runner.run()
        except TakenOver as error:
            ends.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    other = Operator(mosquitto.settings())
    with Watcher(mosquitto.settings()) as watcher:
        watcher.until(lambda: other.view.rollouts)
        found = rollout_start.find(other.view, None)
        with pytest.raises(rollout_start.LinkError, match="another program runs"):
            rollout_start.claim(other.view, found, lambda text: None, unseen=30)
        taker = other.runner(found)
        taker._keep()
        watcher.until(lambda: ends)
    thread.join(PATIENCE)
    other.broker.close()


def test_what_nodes_should_have_had_is_put_back(operator, fleet, gateway, mosquitto):
    wanted = model_file(3)
    with Watcher(mosquitto.settings()) as watcher:
        fleet.away("n0")
        watcher.give(wanted, *fleet.nodes)
        watcher.until(lambda: sum(data == wanted for data in files(fleet).values()) == 5)
        for node in fleet.nodes.values():
            node.fails.add(sha(NEW))
        fleet.mixes[sha(NEW)] = (1, 0, 0)
        ended = operator.runner(operator.begin(NEW, "100%")).run()
        assert ended.state == "halted"
        latest = {name: operator.view.nodes[name].latest for name in fleet.nodes}
        watcher.until(lambda: {told.sha256 for told in latest.values()} == {sha(wanted)})
        fleet.back("n0")
        watcher.until(lambda: files(fleet)["n0"] == wanted)


def test_a_cancellation_that_comes_while_nodes_are_told_takes_it_back(mosquitto, operator, fleet):
    rollout = operator.begin(NEW)
    runner = operator.runner(rollout)
    publish, other = runner._record.publish, Operator(mosquitto.settings())
    topic = f"xnornode/{rollout.stages[0][0]}/model/latest"

    def overtaken(messages):
        ended = to_rollout(runner.rollout.changed(state="cancelled"))
        other.broker.publish_all([(f"xnornode/_rollout/{rollout.id}", ended)])
        assert [each for each, _ in messages] == [topic]
        publish(messages)

    runner._record.publish = overtaken
    with Watcher(mosquitto.settings()) as watcher:
        with pytest.raises(TakenOver, match="cancelled"):
            runner.run()
        watcher.until(lambda: watcher.kept.get(topic) == b"")
    other.broker.close()


def test_a_push_that_was_under_way_at_the_halt_is_waited_for(operator, fleet):
    rollout = operator.begin(NEW, "100%").changed(state="halted")
    nodes = RolloutNodes(operator.view, operator.topics, rollout)
    for name, word in (("n0", "DOWNLOADED"), ("n1", "FAILED"), ("n2", "DOWNLOADING")):
        update = Update(word, sha(NEW), rollout=rollout.id, latest=rollout.latest[0].time)
        topic = f"xnornode/{name}/model/update"
        operator.broker.publish_all([(topic, to_payload(update))], PATIENCE)
    operator.view.settle_surely(PATIENCE)
    assert sorted(nodes.under_way(rollout)) == ["n0", "n2"]
    node, real = fleet.nodes["n0"], nodes.under_way

    def under_way(record):
        """Meanwhile the node takes the model."""
        if node.file != NEW:
            put = attempt("n0", NEW, None, over_broker(operator.broker.settings), lambda *_: None)
            assert put.active.sha256 == sha(NEW)
            with Watcher(operator.broker.settings) as watcher:
                watcher.until(lambda: operator.view.nodes["n0"].sha256 == sha(NEW))
        return real(record)

    nodes.under_way = under_way
    assert sorted(nodes.await_settled(rollout, 0.0)) == ["n0", "n2"]  # the other one may get it
    assert nodes.under_way(rollout) == ["n2"]
