"""Each route of a real studio is closed to each stranger."""

from pathlib import Path

import pytest

from tests.lab.studio_process import StudioProcess
from xnornode.studio.app import Studio
from xnornode.studio.security import Guard
from xnornode.studio.server import make_app


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with StudioProcess(tmp_path_factory.mktemp("studio") / "data") as process:
        yield process


def all_routes(folder: Path) -> list[tuple[str, str]]:
    """Method and path of all that the server answers."""
    studio = Studio(folder / "data")
    try:
        found = []
        for route in make_app(studio, Guard()).router.routes():
            place = route.resource.get_info()
            path = place.get("path") or place.get("formatter") or f"{place['prefix']}/x"
            method = "POST" if route.method == "*" else route.method
            found.append((method, path.replace("{", "").replace("}", "")))
        return found
    finally:
        studio.close()


STRANGERS = {
    "without the cookie": {"Cookie": None},
    "with a wrong token": {"Cookie": "xnornode-{port}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "with the cookie of another studio": {"Cookie": "xnornode-1={token}"},
    "from a page of another port": {"Origin": "http://127.0.0.1:1"},
    "from a page by another name of this computer": {"Origin": "http://localhost:{port}"},
    "from a page by TLS": {"Origin": "https://127.0.0.1:{port}"},
    "from a page without an origin": {"Origin": "null"},
    "from a page of another site": {"Sec_Fetch_Site": "cross-site"},
    "from a page of another port, by the browser's word": {"Sec_Fetch_Site": "same-site"},
    "to a name that leads here": {"Host": "evil.test:{port}", "Origin": "http://evil.test:{port}"},
    "to another port": {"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"},
    "to an address of the network": {"Host": "192.168.1.7:{port}", "Origin": None},
    "to no host": {"Host": "", "Origin": None},
    "to something that is no host": {"Host": "[::1", "Origin": None},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_nothing_is_answered(studio, tmp_path, stranger):
    texts = {
        name: text and text.format(port=studio.port, token=studio.token)
        for name, text in STRANGERS[stranger].items()
    }
    for method, path in all_routes(tmp_path):
        status, headers, content = studio.ask(method, path, b"{}", **texts)
        assert status == 403, f"{method} {path}: {status} {content[:200]!r}"
        assert "Access-Control-Allow-Origin" not in headers
        assert studio.token.encode() not in content
    assert not studio.data.exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_what_changes_something_names_its_origin(studio, method):
    assert studio.ask(method, "/api/about", b"{}", Origin=None)[0] == 403


OUTSIDE = ("/web/../security.py", "/web/%2e%2e/security.py", "/web/..%2fsecurity.py",
           "/web//etc/passwd", "/vendor/../../../pyproject.toml")  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_file_is_served_but_the_pages(studio, path):
    status, _, content = studio.ask("GET", path, Origin=None)
    assert status in (403, 404) and b"import" not in content


def test_odd_tokens_in_the_address_are_refused(studio):
    for path in ("/?token=", "/?token=%C3%A9", "/?token=" + "A" * 5000):
        status, headers, text = studio.ask("GET", path, Cookie=None, Origin=None)
        assert status == 403 and "Set-Cookie" not in headers
        assert b"xnornode studio" in text


def test_these_tests_know_the_routes(tmp_path):
    routes = all_routes(tmp_path)
    assert {("GET", "/"), ("GET", "/ws"), ("GET", "/api/about"), ("GET", "/web/x")} <= {*routes}
