#!/usr/bin/env bash
# Installs what this computer lacks for the demo or the tests, and nothing else.
# Usage: tools/setup/setup.sh [demo|test]      (`make demo` and `make test` call it)
#
# System packages come from apt, as root or through sudo; Python packages go into build/venv,
# each with its pinned hash; Node.js, where there is none, too. A second run takes a moment.
set -euo pipefail
cd "$(dirname "$0")/../.."

mode=${1:-demo}
if [[ $mode != demo && $mode != test ]]; then
    echo "usage: tools/setup/setup.sh [demo|test]" >&2
    exit 2
fi
log_dir=build/log
venv=build/venv
mkdir -p "$log_dir"

say() { echo "setup: $*" >&2; }

# Run a command in the foreground with its output in a log; show its last line meanwhile.
run() { # title, log name, command...
    local title=$1 log=$log_dir/$2.log started=$SECONDS ticker=
    shift 2
    if [[ -t 2 ]]; then
        while sleep 1; do
            printf '\r\033[K%.110s' "setup: $title, $((SECONDS - started)) s: $(tail -n1 "$log")" >&2
        done &
        ticker=$!
    else
        say "$title ..."
    fi
    local status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ $ticker ]]; then
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
        printf '\r\033[K' >&2
    fi
    if ((status)); then
        say "$title failed; the end of $log:"
        tail -n 20 "$log" >&2
        return "$status"
    fi
    say "$title, $((SECONDS - started)) s"
}

how_to_go_on() {
    cat >&2 <<EOF
How to go on: install what is missing in another way (each is looked for by its command), then run
this again. What can be spared:
  make demo PORT=/dev/ttyACM0                       with a real Pico: the emulator, Node.js and npm
  MICROPYTHON_DIR=/path/to/micropython make demo    with a MicroPython checkout: the mirror's sources
EOF
    exit 1
}

# --- System packages: each looked for by what it brings, as other packages may bring it too.

missing_tools=()
missing_packages=()
need() { # what a person calls it, Debian's packages, then a command that succeeds if it is there
    local tool=$1 packages=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing_tools+=("$tool")
        # shellcheck disable=SC2206 # several packages in one word list
        missing_packages+=($packages)
    fi
}
has() { command -v "$1"; }
find_python() {
    local python
    for python in python3 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; then
            echo "$python"
            return
        fi
    done 2>/dev/null
    return 1
}
has_header() { echo '#include <stdio.h>' | gcc -E -x c -; }
has_xtensa_header() { echo '#include <setjmp.h>' | xtensa-lx106-elf-gcc -E -x c -; }
has_arm_cxx_headers() { echo '#include <cstdlib>' | arm-none-eabi-g++ -mcpu=cortex-m0plus -E -x c++ -; }
has_fuzzer() { # a program that links, in no file
    echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return 0 * (d != 0) * (int)n; }' |
        clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null
}
has_broker() { command -v mosquitto || [[ -x /usr/sbin/mosquitto ]]; } # no user has /usr/sbin in PATH
has_browser() { command -v chromium || command -v google-chrome; }
has_fonts() { [[ -n $(find /usr/share/fonts -name '*.[to]tf' -print -quit) ]]; }
has_library() { [[ $("$1" -print-file-name="$2") == /* ]]; }

look_for_tools() {
    missing_tools=()
    missing_packages=()
    need "python3 >= 3.11 with venv" "python3 python3-venv" find_python
    need git git has git
    need make make has make
    need xz xz-utils has xz
    need cmake cmake has cmake
    need gcc "gcc libc6-dev" has_header
    need g++ g++ has g++
    need arm-none-eabi-gcc gcc-arm-none-eabi has arm-none-eabi-gcc
    need "newlib for ARM" libnewlib-arm-none-eabi has_library arm-none-eabi-gcc libc.a
    need "C++ headers for ARM" libstdc++-arm-none-eabi-dev has_arm_cxx_headers
    if [[ $mode == test ]]; then
        need qemu-system-arm qemu-system-arm has qemu-system-arm
        need qemu-system-riscv32 qemu-system-misc has qemu-system-riscv32
        need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf has riscv64-unknown-elf-gcc
        need qemu-xtensa qemu-user has qemu-xtensa
        need xtensa-lx106-elf-gcc gcc-xtensa-lx106 has xtensa-lx106-elf-gcc
        need "picolibc for Xtensa" picolibc-xtensa-lx106-elf has_xtensa_header
        need "picolibc for RISC-V" picolibc-riscv64-unknown-elf \
            has_library riscv64-unknown-elf-gcc picolibc.specs
        need "clang with libFuzzer" "clang libclang-rt-14-dev" has_fuzzer
        need chromium chromium has_browser # for the studio's page, with a font to write it in
        need fonts fonts-dejavu-core has_fonts
        need mosquitto mosquitto has_broker # its service need not run: tests start their own
        need openssl openssl has openssl # certificates for that broker
    fi
}

list() { # elements, joined by commas
    local text
    text=$(printf '%s, ' "$@")
    echo "${text%, }"
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    if ! command -v apt-get >/dev/null; then
        say "missing: $(list "${missing_tools[@]}"), and there is no apt-get here to install them."
        return 1
    fi
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            say "missing: $(list "${missing_tools[@]}"). Run this as root, or ask your administrator:"
            say "  apt-get install --no-install-recommends ${missing_packages[*]}"
            return 1
        fi
        apt=(sudo "${apt[@]}")
        sudo -v || return 1 # asks for the password while the terminal is still free
    fi
    say "missing: $(list "${missing_tools[@]}")"
    # An outdated list of one repository must not stop what the others have.
    run "apt-get update" apt-update "${apt[@]}" update || say "going on with the lists at hand"
    run "installing ${#missing_packages[@]} system packages" apt-install \
        "${apt[@]}" install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing_packages[@]}"
}

look_for_tools
if ((${#missing_tools[@]})); then
    install_packages || how_to_go_on
    look_for_tools
    if ((${#missing_tools[@]})); then
        say "still missing after the installation: $(list "${missing_tools[@]}")"
        how_to_go_on
    fi
fi

# --- Python packages, Node.js as one of them where there is none, and the npm packages of the
# emulator and of the studio's page.

has_node() {
    command -v npm && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'
}
pip_install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check "$@"
}
emulator=yes
[[ $mode == demo && ${PORT:-} ]] && emulator=
pinned=(pyproject.toml tools/setup/requirements-*.txt tools/web/*/package-lock.json)
state="$(cat "${pinned[@]}" | sha256sum) emulator=$emulator"
for stamp in "$venv/.$mode" "$venv/.test"; do # the tests' packages include the demo's
    if [[ -e $stamp && $(<"$stamp") == "$state" ]]; then
        exit 0
    fi
done
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    run "Python environment $venv" venv "$(find_python)" -m venv --clear "$venv"
fi
PATH=$PWD/$venv/bin:$PATH
run "Python packages ($mode)" pip \
    pip_install --require-hashes --requirement "tools/setup/requirements-$mode.txt"
if [[ $mode == test ]]; then
    for port in rp2 esp32; do # for tools/lint/check_node_types.py; the ports' stubs have the same file names
        rm -rf "build/stubs/$port"
        run "MicroPython's stubs ($port)" "pip-stubs-$port" pip_install --require-hashes --no-deps \
            --target "build/stubs/$port" --requirement "tools/setup/requirements-stubs-$port.txt"
    done
fi
run "XnorNode itself" pip-xnornode pip_install --no-deps --no-build-isolation --editable .
if [[ $emulator ]]; then
    if ! has_node >/dev/null 2>&1; then
        run "Node.js" pip-node pip_install --require-hashes \
            --requirement tools/setup/requirements-node.txt ||
            { say "missing: node >= 18 and npm, for the emulated Pico" && how_to_go_on; }
    fi
    run "the emulator's npm package" npm "$venv/bin/python" -m tools.emulators.emulated_pico --install ||
        { say "missing: the emulated Pico" && how_to_go_on; }
fi
if has_node >/dev/null 2>&1; then
    for_tests=()
    [[ $mode == test ]] && for_tests=(--test)
    run "the studio's npm packages" npm-studio \
        "$venv/bin/python" -m tools.web.packages "${for_tests[@]}" ||
        { say "missing: what draws the studio's charts" && how_to_go_on; }
else
    say "without Node.js and npm, the studio's page has no charts; the rest goes on"
fi
echo "$state" >"$venv/.$mode"
say "ready: $venv/bin/python"
