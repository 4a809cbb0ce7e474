"""How many files a gateway may have open."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from tests.lab.brokerlab import free_port
from xnornode.fleet.gateway_service import OWN_FILES, PORT_FILES, too_few_files


@pytest.mark.quick
def test_a_limit_that_is_enough_is_not_spoken_of():
    needed = 7 * PORT_FILES + OWN_FILES
    assert too_few_files(7, needed) == too_few_files(7, None) == ""
    assert f"ulimit -n {needed}" in too_few_files(7, needed - 1)


def test_too_few_files_are_said_at_the_start(tmp_path):
    ports = [f"--port=socket://127.0.0.1:{10_000 + number}" for number in range(20)]
    broker = f"--broker=127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "xnornode", "gateway", "--no-usb", broker, *ports],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150)),
    )
    assert process.stderr
    said = process.stderr.readline()
    assert "Ctrl-C ends it" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert "20 ports may take 260 open files, and this process may have 150" in said
    assert "`ulimit -n 260`" in said and "LimitNOFILE=260" in said
    assert process.returncode == 0
