"""The lessons in a real browser, Debian's chromium: a slider moves and the picture changes, an answer is right.

Skipped, with the reason, where chromium, its driver, selenium or marimo are missing. Nothing is downloaded.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import interruptible
import pytest
from test_demos import NAMES, run

pytest.importorskip("marimo", reason="the lessons need marimo: pip install 'therml_exact[demo]'")
webdriver = pytest.importorskip("selenium.webdriver", reason="the browser test needs selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    missing = " and ".join(name for name, found in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if not found)
    pytest.skip(f"the browser test needs {missing} (Debian: chromium, chromium-driver)", allow_module_level=True)

PATIENCE = 60  # seconds; a loaded machine is slow
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --no-default-browser-check --window-size=1280,1000"
)
# marimo's widgets live in shadow trees: look through all of them. Everything in one script, for cells come and go.
SEE = """
const found = [];
(function walk(root) {
    for (const e of root.querySelectorAll('*')) {
        if (e.matches(SELECTOR)) found.push(e);
        if (e.shadowRoot) walk(e.shadowRoot);
    }
})(document);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def port():
    """One free port for all lessons in turn, so that the browser keeps marimo's scripts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(name, port):
    """The address at which `therml demo NAME` serves the lesson."""
    command = interruptible.running_module(["therml_exact.cli", "demo", name, "--no-browser", "--port", str(port)])
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said = ""
        while "access_token=" not in said:
            line = server.stdout.readline()
            assert line, f"therml demo ended: {said}"
            said += line
        wait_for("the server", lambda: listens(port))  # marimo prints the address before it listens
        yield said[said.index("http") :].split()[0]
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()


def listens(port):
    """Whether somebody answers there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_for(what, condition, patience=PATIENCE):
    """The first true value of the condition."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {patience} s")


def see(browser, selector, tell):
    """What a JavaScript expression tells of `found`, the elements that match."""
    return browser.execute_script(SEE.replace("SELECTOR", repr(selector)) + f"return {tell};")


def picture(browser):
    """The source of the largest image on the page."""
    big = "found.filter(i => i.complete && i.naturalWidth > 300)"
    return see(browser, "img", f"{big}.sort((a, b) => b.naturalWidth - a.naturalWidth).map(i => i.src)[0]")


def slider(browser):
    """The value of the first slider, and whether it is the greatest."""
    tell = "found.slice(0, 1).map(e => [e.ariaValueNow, e.ariaValueNow == e.ariaValueMax])[0]"
    return see(browser, "[role=slider]", tell)


def text(browser):
    return see(browser, "body, .markdown", "found.map(e => e.innerText).join(' ')")


def press(browser, selector, *keys):
    """Keys for the first element that matches."""
    see(browser, selector, "(found[0].scrollIntoView({block: 'center'}), found[0].focus())")
    webdriver.ActionChains(browser).send_keys(*keys).perform()


@pytest.mark.deep
@pytest.mark.skipif(os.name != "posix", reason="servers are ended as process groups")
@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_in_the_browser(browser, port, name):
    keys = webdriver.Keys
    _, definitions = run(name)
    right = float(definitions["exercises"][0].answer())
    with served(name, port) as address:
        browser.get(address)
        before = wait_for("the picture", lambda: picture(browser))
        position, last = wait_for("a slider", lambda: slider(browser))
        wait_for("a formula", lambda: see(browser, ".katex", "found.length"))
        wait_for("three exercises", lambda: see(browser, "input[type=text]", "found.length") >= 3)

        press(browser, "[role=slider]", keys.ARROW_LEFT if last else keys.ARROW_RIGHT)
        wait_for("the slider's move", lambda: slider(browser)[0] != position)
        wait_for("another picture", lambda: picture(browser) not in (None, before))

        assert "✅" not in text(browser)
        press(browser, "input[type=text]", repr(right), keys.TAB)
        wait_for("the right answer's mark", lambda: "✅" in text(browser))

        logged = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert not logged
        requested = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        hosts = {urlsplit(address).hostname for address in addresses(requested)}
        assert hosts and hosts <= {"localhost", "127.0.0.1"}
        browser.get("about:blank")  # or the page would miss its server, and say so in the next lesson's log


def addresses(messages):
    """What the page asked for over http or a web socket."""
    for message in messages:
        params = message["params"]
        if message["method"] == "Network.requestWillBeSent":
            address = params["request"]["url"]
        elif message["method"] == "Network.webSocketCreated":
            address = params["url"]
        else:
            continue
        if urlsplit(address).scheme in ("http", "https", "ws", "wss"):
            yield address
