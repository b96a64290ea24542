"""Lessons as one file without Python: what it holds, what it leaves out and says so, and that it asks for nothing."""

import base64
import gzip
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import hypothesis.strategies as st
import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from therml_exact.cli import main
from therml_exact.demos import LESSONS
from therml_exact.demos.exercise import Exercise

pytest.importorskip("marimo", reason="the lessons need marimo: pip install 'therml_exact[demo]'")
pytest.importorskip("latex2mathml", reason="pages need latex2mathml: pip install 'therml_exact[demo]'")

import marimo as mo

from therml_exact.demos import export, lecture
from therml_exact.demos.formulas import with_mathml
from therml_exact.demos.panel import Panel

RESOURCE = re.compile(r"<(?:script|link|img|iframe|source|audio|video|object|embed|use|image)\b[^>]*>", re.I)
ADDRESS = re.compile(r"""(?:src|href|data|poster|srcset|action)\s*=\s*["']?\s*([^"'\s>]+)""", re.I)


def line(ax, slope, high):
    ax.plot([0, slope], [0, high])


def dot(ax, slope):
    ax.plot([slope], [0], "o")


def told(slope, high):
    return rf"Slope {slope:g}, $\gamma_c = {high}$."


def a_page(most):
    """A small lesson on a page: two panels, a paragraph, an exercise."""
    slope = mo.ui.slider(0, 1, 0.1, value=0.2, label=r"$\sigma$ (no unit)")
    controls = mo.ui.dictionary({"slope": slope, "high": mo.ui.dropdown({"one": 1, "two & more": 2}, value="one")})
    question = Exercise(r"What is $\log 2$?", lambda: 0.693147, 0.001, "nats", "below *one*")
    page = export.Page(most)
    page.text_of(mo.md("# Title $x^2$\n\n$$a = b \\tag{22}$$"))(page)
    lecture.show_controls(controls).exported(page)
    panels = [Panel(line, 2.0, "a line", 1.0), Panel(dot, 1.0, 'a "dot"', 1.0)]
    lecture.show_pictures(panels, controls.value).exported(page)
    lecture.show_numbers([told], controls.value).exported(page)
    lecture.show_exercises([question], lecture.exercise_inputs([question])).exported(page)
    return page, panels


@pytest.fixture(scope="module")
def written():
    page, panels = a_page(6)
    return page.assemble("small", "A <small> lesson", None), panels


def packed(text):
    """What the page's script unpacks, and a function that joins the runs of lines of a state."""
    data = json.loads(gzip.decompress(base64.b64decode(re.search(r'id="packed">([^<]*)<', text)[1])))

    def whole(runs):
        return "\n".join(
            itertools.chain.from_iterable(data["lines"][a : a + n] for a, n in zip(runs[::2], runs[1::2], strict=True))
        )

    return data, whole


def addresses(text):
    """What the elements of a page ask for."""
    for tag in RESOURCE.findall(text):
        yield from (address for address in ADDRESS.findall(tag) if not address.startswith("data:"))
    yield from re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", text)


def test_the_scan_sees_what_asks_for_something():
    for text in ('<img alt="x" src=https://a.b/c>', "<link rel=x href='//a.b'>", "<style>@import 'x'</style>"):
        assert list(addresses(text))


def test_a_page_asks_for_nothing_and_allows_nothing(written):
    text, _ = written
    assert list(addresses(text)) == []
    assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;", text)
    assert "<title>A &lt;small&gt; lesson</title>" in text and "{{" not in text


def test_each_state_is_the_panel_at_these_positions_and_no_other(written):
    text, panels = written
    data, whole = packed(text)
    shown = {control["name"]: control["shown"] for control in data["controls"]}
    assert [block["by"] for block in data["blocks"]] == [["slope", "high"], ["slope"], ["slope", "high"]]
    for block, panel in zip(data["blocks"], panels, strict=False):
        places = itertools.product(*(range(len(shown[name])) for name in block["by"]))
        values = {"slope": [float(label) for label in shown["slope"]], "high": [1, 2]}
        for place, runs in zip(places, block["states"], strict=True):
            assert whole(runs) == panel.svg({n: values[n][k] for n, k in zip(block["by"], place, strict=True)})
    assert "<math" in whole(data["blocks"][2]["states"][0]) and "marimo-tex" not in text


def test_positions_that_are_left_out_are_told(written):
    text, _ = written
    data, _ = packed(text)
    kept = data["controls"][0]["shown"]
    assert kept == ["0", "0.2", "1"] and f"3 of 11 ({', '.join(kept)})" in text
    whole = a_page(22)[0].assemble("small", "title", None)
    assert "Every position of the live lesson is in this file." in whole and "Not every position" not in whole


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(2, 30), st.integers(0, 29)), min_size=1),
    st.integers(2, 200),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_controls_are_shortened_no_more_than_needed(sizes, most, data):
    controls = {
        name: export.Control(name, "", True, [(str(k), k) for k in range(size)], min(at, size - 1), size, False)
        for name, (size, at) in sizes.items()
    }
    groups = data.draw(st.lists(st.sets(st.sampled_from(sorted(sizes))).map(sorted), min_size=1, max_size=3))
    found = export.within(controls, groups, most)
    for name, control in found.items():
        values = [value for _, value in control.positions]
        assert values == sorted(set(values)) and 2 <= len(values) <= len(controls[name].positions)
        assert values[control.initial] == controls[name].initial
        if len(values) > 2:
            assert {values[0], values[-1]} == {0, sizes[name][0] - 1}
    counts = [[len(found[name].positions) for name in group] for group in groups]
    for group, count in zip(groups, counts, strict=True):
        product = 1
        for k in count:
            product *= k
        assert product <= most or max(count) == 2, (group, count)


def test_positions_that_a_lesson_states_stay_and_must_exist():
    control = mo.ui.dictionary({"k": mo.ui.slider(0, 9, value=3)})
    page = export.Page(2)
    page.controls(control, {"k": [0, 3, 4, 5]})
    assert len(export.within(page.known, [("k",)], 2)["k"].positions) == 4
    with pytest.raises(ValueError, match=r"k of the lesson has no positions \[12\]"):
        export.Page(2).controls(control, {"k": [3, 12]})


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"$\frac{1}{2}$", ["<mfrac>", 'display="inline"']),
        (r"$$\min_{q} R \tag{5}$$", ["<munder>", 'display="block"', '<span class="number">(5)</span>']),
        (r"$$a = b \qquad c = d$$", ["</math><math"]),  # it may break there
        (r"$F'(\gamma)$", ["<mi>′</mi>"]),
        (r"$\log p$", ["log</mi><mspace"]),
    ],
)
def test_formulas_are_mathml(tex, expected):
    made = with_mathml(mo.md(tex).text)
    assert all(part in made for part in expected), made
    assert "marimo-tex" not in made and "||(" not in made


def therml(*arguments):
    return CliRunner().invoke(main, ["demo", *arguments])


def test_a_lesson_is_exported_by_the_command(tmp_path):
    page = tmp_path / "audit.html"
    done = therml("audit", "--export", str(page), "--states", "2")
    assert done.exit_code == 0 and str(page) in done.output
    text = page.read_text(encoding="utf-8")
    data, whole = packed(text)
    assert list(addresses(text)) == [] and text.count('type="text" id="answer-') == 3
    assert all(whole(runs).startswith("<svg") for runs in data["blocks"][0]["states"])
    assert os.listdir(tmp_path) == ["audit.html"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--export", "page.pdf"], "written as .html"),
        (["--export", "no/page.html"], "does not exist"),
        (["--export", "page.html", "--slides"], "leave --edit, --slides and --port out"),
        (["--states", "9"], "belongs to --export"),
    ],
)
def test_what_cannot_be_exported_is_told_before_the_work(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    refused = therml("two_worlds", *arguments)
    assert refused.exit_code == 2 and said in " ".join(refused.output.split())
    assert os.listdir(tmp_path) == []


def test_pages_without_latex2mathml_say_what_to_install(monkeypatch):
    monkeypatch.setattr("therml_exact.cli.lessons.find_spec", lambda name: name != "latex2mathml" or None)
    refused = therml("two_worlds", "--export", "page.html")
    assert refused.exit_code == 2 and "pip install 'therml_exact[demo]'" in refused.output


@pytest.mark.parametrize("at", [0, 3])
def test_an_interruption_leaves_the_old_page(tmp_path, monkeypatch, at):
    page = tmp_path / "page.html"
    page.write_text("old")

    def track(total):
        steps = iter(range(total))

        def tick():
            if next(steps) == at:
                raise KeyboardInterrupt

        return tick

    monkeypatch.setattr(export.Page, "text_of", lambda self, output: lambda page: None)
    with pytest.raises(KeyboardInterrupt):
        export.write("audit", page, 2, track)
    assert page.read_text() == "old" and os.listdir(tmp_path) == ["page.html"]


# in a browser, without a network

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    if not (CHROMIUM and DRIVER):
        pytest.skip("the browser test needs Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="the browser test needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync "
    flags += "--disable-background-networking --disable-component-update --window-size=420,900"
    for flag in (*flags.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    off = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", off)
    driver.set_script_timeout(120)
    yield driver
    driver.quit()


# Every position of every control shows something; different things, for some choice of the first list of choices: an
# equality of p alone does not move with q.
WALK = """
const done = arguments[arguments.length - 1];
const inputs = [...document.querySelectorAll('.control input, .control select')];
const wait = () => Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth, () => 0)));
const count = input => input.type === 'range' ? Number(input.max) + 1 : input.options.length;
const at = input => input.type === 'range' ? input.value : input.selectedIndex;
const move = (input, k) => {
  if (input.type === 'range') input.value = k; else input.selectedIndex = k;
  input.dispatchEvent(new Event('input'));
};
(async () => {
  const seen = [];
  for (const input of inputs) {
    const start = at(input), list = inputs.find(i => i.type !== 'range' && i !== input);
    const first = list ? at(list) : 0, turns = list ? count(list) : 1;
    let most = 0;
    for (let turn = 0; turn < turns && most < count(input); turn++) {
      if (list) move(list, (first + turn) % turns);
      const sources = new Set();
      for (let k = 0; k < count(input); k++) {
        move(input, k);
        const widths = await wait();
        const texts = [...document.querySelectorAll('.numbers > div')].map(e => e.textContent.trim());
        if (widths.some(w => !w) || texts.some(t => !t)) seen.push([input.id, k, 'nothing is shown']);
        sources.add([...document.images].map(i => i.src).join() + texts.join());
      }
      most = Math.max(most, sources.size);
    }
    if (most < count(input)) seen.push([input.id, most, 'pictures for', count(input)]);
    move(input, start);
    if (list) move(list, first);
  }
  done(seen);
})();
"""


def answer(driver, typed):
    """What the page says of an answer to its first exercise."""
    from selenium.webdriver import Keys

    field = driver.find_element("id", "answer-1")
    field.clear()
    field.send_keys(typed, Keys.TAB)
    return driver.find_element("id", "reply-1").text


@pytest.mark.deep
@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])
def test_a_page_works_without_a_network(offline, tmp_path, name):
    page = tmp_path / f"{name}.html"
    export.write(name, page, 12)
    assert page.stat().st_size < 4e6 and list(addresses(page.read_text(encoding="utf-8"))) == []
    offline.get_log("performance")
    offline.get(page.as_uri())
    end = time.monotonic() + 60
    while offline.execute_script("return document.body.dataset.ready") != "yes":
        assert time.monotonic() < end, "the script did not run"
        time.sleep(0.1)
    # Every position of every control has its picture and its numbers, and they are different ones.
    assert offline.execute_async_script(WALK) == []
    # By keyboard.
    from selenium.webdriver import Keys

    slider = offline.find_element("css selector", ".control input")
    slider.send_keys(Keys.HOME)
    first = slider.get_attribute("aria-valuetext")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") != first
    # Exercises.
    exercise = json.loads(offline.execute_script("return document.getElementById('asked').textContent"))["asked"][0]
    assert answer(offline, repr(exercise["answer"])).startswith("✅")
    assert answer(offline, repr(exercise["answer"] + 3 * exercise["tolerance"] + 1)).startswith("❌")
    assert answer(offline, "what?").startswith("🟡") and answer(offline, " ") == ""
    # Nothing was asked for but the file, and nothing is cut.
    messages = [json.loads(entry["message"])["message"] for entry in offline.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert [entry for entry in offline.get_log("browser") if entry["level"] == "SEVERE"] == []
    for width in (420, 1280):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        offline.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        assert offline.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        cut = "return [...document.querySelectorAll('.formula')].filter(f => f.scrollWidth > f.clientWidth + 1).length"
        assert offline.execute_script(cut) == 0
    assert all(offline.execute_script("return [...document.images].map(i => i.alt.length > 10)"))


@pytest.mark.deep
@pytest.mark.parametrize(
    "typed", ["0.69", "2/3", "3/2*log(2)", "ln2/2", "log(4/3)/2", "-log 2", "1 2/3", "0,69", "1/0", "log(0)", "2 log 2",
              "1e3", ".5", "+1", "log(2", "2**9", "nan", "", "1" * 61]
)  # fmt: skip
def test_the_page_reads_numbers_as_the_lesson_does(offline, tmp_path, typed):
    page = tmp_path / "page.html"
    page.write_text(a_page(4)[0].assemble("small", "title", None), encoding="utf-8")
    offline.get(page.as_uri())
    said = answer(offline, typed)
    live = Exercise("", lambda: 0.693147, 0.001, "nats", "below *one*").check(typed)
    assert said[:1] == live[:1]
    if live.startswith("❌"):
        assert said.split(". Hint")[0] == live.split(". Hint")[0]


@pytest.mark.deep
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as SIGINT")
def test_control_c_ends_the_command_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "therml_exact.cli", "demo", "laws", "--export", str(tmp_path / "page.html")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(8)
    server.send_signal(signal.SIGINT)
    said, _ = server.communicate(timeout=60)
    assert server.returncode == 1 and "Traceback" not in said and os.listdir(tmp_path) == []
