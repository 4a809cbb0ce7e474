"""What several files of these tests need."""

import pytest

from tests.lab.studiolab import chromium


@pytest.fixture(scope="module")
def browser():
    """A real Chromium. A file that wants one with other options has a fixture of its own."""
    with chromium() as found:
        yield found
