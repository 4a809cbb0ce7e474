# Everything here calls a tool that can be called by itself. `make` lists the targets.
PYTHON := build/venv/bin/python
TEST ?= tests
# Two files of tests at once: one often waits.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile
export PATH := $(CURDIR)/build/venv/bin:$(PATH)
# Networks of this size gain nothing from a second BLAS thread, and lose much where cores are busy.
export OPENBLAS_NUM_THREADS := 1

.PHONY: help setup setup-test demo test newest package fuzz soak bench bench-training bench-ablation quick lint format firmware native homeassistant dashboards docs clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

demo: ## record, train, push, predict on an emulated Pico (REPLAY=1: watch; PORT=/dev/ttyACM0: a real one)
	@start=$$(date +%s); tools/setup/setup.sh demo && $(PYTHON) -m tools.demo \
		--setup-seconds $$(($$(date +%s) - start)) $(if $(PORT),--port $(PORT)) $(if $(REPLAY),--replay)

test: lint ## lint, all firmwares, the whole suite (TEST=tests/core: only that)
	@$(PYTHON) -m tools.firmware.build all >/dev/null
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(TEST)

newest: setup-test ## node and reference on the newest MicroPython that Debian has the source of
	@$(PYTHON) -m tools.firmware.build --micropython newest unix native/x64 >/dev/null
	@MICROPYTHON_DIR=newest $(PYTHON) -m pytest tests/node/test_module.py tests/node/test_window.py \
		tests/node/test_level_window.py tests/node/test_answers.py tests/node/test_matching.py \
		tests/node/test_wake.py -k "unix and not asan or x64"

bench: setup-test ## cycles of kernels, layers, models; sizes (MODELS="a.bnn" DATA=mnist: these too)
	@$(PYTHON) -m tools.bench.kernels
	@$(PYTHON) -m tools.bench.whole_models $(MODELS) $(if $(DATA),--data $(DATA))
	@$(PYTHON) -m tools.bench.answers
	@$(PYTHON) -m tools.bench.feed
	@$(PYTHON) -m tools.bench.size

bench-training: setup ## the accuracy table of docs/reference/training-results.md, three seeds: two hours
	@$(PYTHON) -m tools.bench.training

bench-ablation: setup ## what each technique brings, three seeds: two hours
	@$(PYTHON) -m tools.bench.ablation

fuzz: setup-test ## three minutes of fuzzing: model files, what a node is sent, what the PC reads
	@$(PYTHON) -m tools.stress.fuzz
	@$(PYTHON) -m tools.stress.fuzz_parsers

soak: setup-test ## the long form, for a night: 12,000 faulted pushes, 2,000 commands, power cuts, an hour's stream, fuzzing
	@$(PYTHON) -m tools.stress.soak
	@$(PYTHON) -m tools.stress.soak faults --link tcp --pushes 1000
	@$(PYTHON) -m tools.stress.fuzz loader --runs 10000000
	@$(PYTHON) -m tools.stress.fuzz lines --runs 10000000
	@$(PYTHON) -m tools.stress.fuzz_parsers --seconds 600

quick: setup-test ## the tests that take seconds
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) -m "quick and not seconds" $(TEST)

lint: setup-test ## style and types of the Python and C sources
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check --quiet || { echo "run: make format" >&2; exit 1; }
	@clang-format --dry-run -Werror $$(find firmware_modules tests -name '*.[ch]')
	@$(PYTHON) -m mypy
	@$(PYTHON) -m tools.lint.check_node_types

format: setup-test ## put the sources into the project's style
	@$(PYTHON) -m ruff check --fix --quiet
	@$(PYTHON) -m ruff format --quiet
	@clang-format -i $$(find firmware_modules tests -name '*.[ch]')

firmware: setup ## the Pico's firmware: build/firmware/rp2/firmware.uf2 (CHIP=rp2350: the Pico 2's)
	@$(PYTHON) -m tools.firmware.build $(or $(CHIP),rp2)

native: setup ## the module for boards that keep their firmware: build/firmware/native/
	@$(PYTHON) -m tools.firmware.build native

package: setup-test ## a wheel for everybody, with all that goes on a board, and its sdist: build/dist/
	@$(PYTHON) -m tools.package

homeassistant: setup-test ## the real Home Assistant against a broker with nodes: what it shows of them, and its button
	@$(PYTHON) -m tools.homeassistant
	@$(PYTHON) -m pytest tests/system/test_home_assistant.py

dashboards: setup-test ## Node-RED's example with InfluxDB and simulated nodes: is each prediction there once
	@$(PYTHON) -m tools.dashboards

docs: setup-test ## the documentation as a site: build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

setup: ## install what the demo needs and this computer lacks
	@tools/setup/setup.sh demo

setup-test: ## install what the tests need and this computer lacks
	@tools/setup/setup.sh test

clean: ## remove what was built; keep downloads and the Python environment
	rm -rf build/dist build/firmware build/log build/pico-flash .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find host tools tests device -name __pycache__ -prune -exec rm -rf {} +

distclean: ## remove all that git does not know of in build/
	rm -rf build
	$(MAKE) --no-print-directory clean
