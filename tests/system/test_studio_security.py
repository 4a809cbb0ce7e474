"""A hostile page in another tab of the browser in which the studio is open."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor, chromium, wait

REBOUND = "rebound.test"  # a name that the browser is told to find on this computer
HOSTILE = """<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>
const studio = "STUDIO", results = {}, loads = [];
window.results = results;
const said = (name) => (text) => { results[name] = String(text); };
const tries = {
  read: () => fetch(studio + "/api/about", {credentials: "include"}).then((a) => a.text()),
  blind: () => fetch(studio + "/api/about", {mode: "no-cors", method: "POST",
    credentials: "include", body: "{}"}).then((a) => a.type),
  json: () => fetch(studio + "/api/about", {credentials: "include", method: "POST",
    headers: {"Content-Type": "application/json"}, body: "{}"}).then((a) => a.text()),
  socket: () => new Promise((done) => {
    const ws = new WebSocket(studio.replace("http", "ws") + "/ws");
    ws.onopen = () => done("open");
    ws.onerror = () => done("refused");
  }),
  image: () => load("img", "src", "/web/icon.svg"),
  script: () => load("script", "src", "/web/net.js"),
  style: () => load("link", "href", "/web/style.css", {rel: "stylesheet"}),
  beacon: async () => navigator.sendBeacon(studio + "/api/about", "{}"),
};
function load(tag, key, path, more = {}) {
  return new Promise((done) => {
    const node = Object.assign(document.createElement(tag), more);
    node.onload = () => done("loaded");
    node.onerror = () => done("refused");
    node[key] = studio + path;
    document.body.append(node);
  });
}
async function form() {
  const frame = Object.assign(document.createElement("iframe"), {name: "frame"});
  const form = Object.assign(document.createElement("form"),
    {method: "post", action: studio + "/api/about", target: "frame"});
  document.body.append(frame, form);
  form.submit();
  await new Promise((done) => { frame.onload = done; });
  try { return frame.contentDocument.body.textContent; } catch { return "closed"; }
}
async function frame() {
  const node = Object.assign(document.createElement("iframe"), {src: studio + "/"});
  document.body.append(node);
  await new Promise((done) => { node.onload = done; });
  try { return node.contentDocument.body.textContent; } catch { return "closed"; }
}
async function all() {
  for (const [name, run] of Object.entries({...tries, form, frame})) {
    await run().then(said(name), () => said(name)("refused")).catch(said(name));
  }
  results.end = "yes";
}
all();
</script>"""


@contextmanager
def hostile_server(studio: StudioProcess) -> Iterator[int]:
    """Serves the hostile page to whoever asks; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = HOSTILE.replace("STUDIO", studio.origin).encode()
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content if self.path == "/" else b"")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser():
    with chromium(f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1") as found:
        yield found


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with StudioProcess(tmp_path_factory.mktemp("hostile") / "data") as process:
        yield process


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", REBOUND])
def test_a_hostile_page_gets_and_does_nothing(browser, studio, name):
    with hostile_server(studio) as port, Visitor(browser, studio.address) as visitor:
        tab = visitor.context.new_page()
        answers = []
        tab.on("response", lambda response: answers.append((response.url, response.status)))
        tab.goto(f"http://{name}:{port}/")
        wait(lambda: tab.evaluate("() => results.end"), "the hostile page's tries")
        results = tab.evaluate("() => results")
        assert results.pop("end") == "yes" and results.pop("beacon") == "true"
        assert results.pop("blind") in ("opaque", "refused")
        assert {*results.values()} <= {"refused", "closed"}, results
        of_studio = [(url, status) for url, status in answers if url.startswith(studio.origin)]
        assert of_studio and {status for _, status in of_studio} == {403}, of_studio
        visitor.go("Data")  # the owner's page works as before
        tab.close()
    assert not studio.data.exists()


def test_a_name_that_leads_here_gets_no_page(browser, studio):
    with Visitor(browser, studio.address) as visitor:
        tab = visitor.context.new_page()
        for path in ("/", f"/?token={studio.token}", "/web/net.js", "/api/about"):
            answer = tab.goto(f"http://{REBOUND}:{studio.port}{path}")
            assert answer and answer.status == 403
            assert "not the studio's" in tab.content() and studio.token not in tab.content()
        assert not [c for c in visitor.context.cookies() if c["domain"] == REBOUND]


def test_a_link_on_a_foreign_page_does_not_lead_in(browser, studio):
    with hostile_server(studio) as port, Visitor(browser, studio.address) as visitor:
        tab = visitor.context.new_page()
        tab.goto(f"http://{REBOUND}:{port}/")
        with tab.expect_navigation() as left:
            tab.evaluate("(address) => { location.href = address; }", f"{studio.origin}/")
        assert left.value.status == 403


def test_an_address_with_a_wrong_token_says_what_to_do(browser, studio):
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{studio.origin}/?token=wrong")
    assert answer and answer.status == 403
    assert "xnornode studio" in page.inner_text("body")
    assert context.cookies() == []
    context.close()


def test_two_studios_in_one_browser_do_not_mix(browser, studio, tmp_path):
    """Cookies are shared by all ports of a host."""
    with StudioProcess(tmp_path / "data") as other, Visitor(browser, studio.address) as visitor:
        tab = visitor.context.new_page()
        refused = tab.goto(other.origin)
        assert refused and refused.status == 403
        answer = tab.goto(other.address)
        assert answer and answer.status == 200
        tab.locator("main h1").wait_for()
        assert other.token not in tab.url and studio.token not in visitor.page.url
        visitor.reload()
        kept = {cookie["name"]: cookie["value"] for cookie in visitor.context.cookies()}
        assert kept == {f"xnornode-{s.port}": s.token for s in (studio, other)}
        tab.close()
