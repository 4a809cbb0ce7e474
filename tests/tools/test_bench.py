"""The benchmarks: no kernel has become slower, and the guard that says so can tell."""

import json
from dataclasses import replace

import pytest

from tools.bench import kernels
from tools.bench.cases import layers, models
from tools.bench.kernels import ARCHITECTURES, BARS, main, read_reference, renewed, slower, verdict
from tools.bench.measure import Figure, measure
from tools.bench.size import MOST, deepest, measured, size
from tools.bench.whole_models import CALL_BAR, SETUP, bar, compare_counts, named, timed, tiny
from tools.bench.whole_models import main as pico_main
from tools.emulators.emulated_pico import EmulatedPico, install_package
from tools.emulators.unicorn_core import ARMV6M, M33, M33_PORTABLE, RV32IMC, Machine
from xnornode.cost.chips import RP2040
from xnornode.link.repl import Board
from xnornode.model.model_file import save_model

LONG = "MNIST, 32 kB, int8"  # takes seconds, and has no layer of its own kind
FIGURES = [Figure("layers", "a", 1000, 10), Figure("layers", "b", 2000, 10)]


@pytest.mark.parametrize("name", sorted({*ARCHITECTURES} - {M33_PORTABLE.name}))
def test_nothing_is_slower_and_the_bars_are_met(name):
    architecture = ARCHITECTURES[name]
    figures = list(measure(architecture, lambda figure: figure != LONG))
    wrong = kernels.check(architecture, figures, read_reference())
    assert not wrong, "make it faster, or run tools/bench/kernels.py --renew and say why"
    verdicts = {f.name: verdict(name, f) for f in figures if verdict(name, f)}
    assert len(verdicts) == sum(1 for architecture, _ in BARS if architecture == name)
    assert all(text.endswith(": met") for text in verdicts.values()), verdicts


@pytest.mark.quick
@pytest.mark.parametrize(("had", "wrong"), [(1000, 0), (981, 0), (980, 1), (500, 1)])
def test_guard_tells_two_percent(had, wrong):
    assert len(slower("core", FIGURES, {"a": had, "b": 2000})) == wrong


@pytest.mark.quick
def test_guard_tells_what_the_reference_lacks():
    (line,) = slower("core", FIGURES, {"a": 1000})
    assert "b: 2,000, not in the reference" in line


def test_guard_sees_a_slower_kernel():
    unoptimized = replace(RV32IMC, flags=(*RV32IMC.flags, "-O0"))
    name = "dense 256 to 64"
    figures = list(measure(unoptimized, lambda figure: figure == name))
    lines = kernels.check(unoptimized, figures, read_reference())
    assert len(lines) == 1 and f"{name}: slower" in lines[0]


def test_the_cortex_m33s_kernels_are_faster_than_the_portable_ones(capsys):
    """Its own, by at least a tenth, where nothing but a kernel is measured."""
    arguments = ["--only", "strip of", "--core", M33.name, "--core", M33_PORTABLE.name]
    assert main([*arguments, "--check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index(next(x for x in lines if "times as fast |" in x)) + 2 :]
    assert [line.split(" | ")[0].strip("| ") for line in table] == [
        "strip of 32, 1024",
        "strip of 16, 1024",
    ]
    assert all(float(line.split("|")[4]) > 1.1 for line in table)


def test_a_wrong_result_has_no_speed(monkeypatch):
    monkeypatch.setattr(Machine, "read", lambda self, address, size: bytes(size))
    with pytest.raises(RuntimeError, match="wrong result"):
        list(measure(RV32IMC))


class TestCommand:
    ONLY = ("--core", "RV32IMC", "--only", "dense 64 to 64")

    def test_check_passes_and_prints_the_table(self, capsys):
        assert main([*self.ONLY, "--check"]) == 0
        assert "| dense 64 to 64 " in capsys.readouterr().out

    def test_check_fails_on_a_better_reference(self, capsys, monkeypatch, tmp_path):
        better = read_reference()
        better["RV32IMC"]["counts"]["dense 64 to 64"] //= 2
        better["RV32IMC"]["compiler"] = "9.9.9"
        monkeypatch.setattr(kernels, "REFERENCE", tmp_path / "better.json")
        kernels.REFERENCE.write_text(json.dumps(better))
        assert main([*self.ONLY, "--check"]) == 1
        told = capsys.readouterr().err
        assert "RV32IMC, dense 64 to 64: slower" in told and "--renew" in told
        assert "the reference is of 9.9.9" in told

    def test_renew_takes_all(self, capsys):
        with pytest.raises(SystemExit) as stopped:
            main([*self.ONLY, "--renew"])
        assert stopped.value.code == 2
        assert "--renew takes all figures" in capsys.readouterr().err

    def test_renewed_reference_is_kept(self):
        content = json.loads(renewed({ARMV6M: FIGURES}))
        assert content["ARMv6-M"]["counts"] == {"a": 1000, "b": 2000}
        assert not slower("ARMv6-M", FIGURES, content["ARMv6-M"]["counts"])


def test_counts_are_those_of_other_interpreters():
    install_package()
    machine = Machine(ARMV6M)
    names = {"dense 64 to 64", "int8 784 to 64 bits", "conv 5, 16 to 32, 128 long", "languages"}
    some = [*layers(names.__contains__), *models(names.__contains__), tiny()]
    assert len(some) == len(names) + 1
    for case in some:
        counts = compare_counts(machine, case)
        assert len(set(counts.values())) == 1 and counts["unicorn"] > 100, (case.name, counts)


@pytest.mark.quick
def test_bars_of_models_go_by_accuracy():
    assert bar("mnist", 0.991, 500_000) == "99.10%; 600,000 at 99%: met"
    assert bar("mnist", 0.989, 500_000) == "98.90%; 100,000 at 97%: not met"
    assert bar("mnist", 0.9, 1) == "90.00%"
    assert bar("watch", 0.9, 1) == "90.00%"
    assert bar(None, None, 1) == ""


@pytest.mark.quick
def test_a_model_file_is_timed_on_its_selftest_or_on_data(tmp_path):
    (case,) = models("digits, 2 kB, int8".__eq__)
    save_model(case.model, tmp_path / "digits.bnn")
    own, accuracy = named(tmp_path / "digits.bnn", None, 10)
    assert accuracy is None and own.inputs[0] == case.model.selftest_window().tobytes()
    own, accuracy = named(tmp_path / "digits.bnn", "digits", 10)
    assert accuracy is not None and 0 < accuracy < 0.5  # its weights are random
    assert len(own.inputs) == len(own.given) == 10


def test_a_file_that_is_no_model_is_named(tmp_path, capsys):
    (tmp_path / "x.bnn").write_bytes(b"no model")
    assert pico_main([str(tmp_path / "x.bnn")]) == 1
    assert "whole_models:" in capsys.readouterr().err


def test_size_and_stack(tmp_path, monkeypatch):
    got = size(ARMV6M, tmp_path)
    assert got.text <= MOST and got.data == got.bss == 0
    assert 0 < got.kernels < got.text and got.binding
    # What the call graph says is at least what a run takes.
    (tmp_path / "riscv").mkdir()
    monkeypatch.setattr("tools.bench.size.BINDINGS", {})
    static = size(RV32IMC, tmp_path / "riscv").stack
    assert all(a >= b > 100 for a, b in zip(static, measured(RV32IMC), strict=True))
    assert static == deepest(tmp_path / "riscv")


def test_a_call_costs_little(pico_firmware, tmp_path):
    with EmulatedPico(tmp_path / "flash", firmware=pico_firmware) as pico, Board(pico.url) as board:
        board.run(SETUP)
        result = timed(board, Machine(ARMV6M), tiny())
        again = timed(board, Machine(ARMV6M), tiny())
    assert result.cycles < CALL_BAR
    assert result.cycles - result.core == pytest.approx(RP2040.call, rel=0.1)
    assert again.microseconds == pytest.approx(result.microseconds, rel=0.001)
