"""`charnn report`: a page for every task that loads nothing, is well formed, and takes no text for markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from charnn.tasks.table import TASKS
from tests.paths import GOLDEN

HOSTILE = "<script>alert(1)</script> \"'</textarea>\x00\x1b[2J\u202e &amp; </script> "
VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "rect", "circle", "line"}
DATA = {
    "language-model": ("text.txt", f"{HOSTILE}the cat sat.\n" * 60, ()),
    "tagger": ("tree.txt", "".join(f"<script>alert(1)</script>_{'<b>' if n % 3 else '<i>'} dog{chr(0x202E)}_N runs_V\n"
                                   for n in range(60)), ("--columns", "tag")),
    "classifier": ("texts.tsv", "".join(f"{label}\t{HOSTILE.strip()} {n}\n" for n in range(30)
                                        for label in ("<b>no</b>", "yes")), ("--task", "classifier")),
    "transducer": ("pairs.tsv", "".join(f"<i>{a}{b}&\t</b>{b}{a}<\n" for a in "abcdef" for b in "ghijkl"),
                   ("--task", "transducer")),
    "forecaster": ("series.csv", "<script>alert(1)</script>" + "".join(f"\n{n % 7 + n * n % 5}" for n in range(60)),
                   ("--task", "forecaster")),
}  # fmt: skip


class Page(HTMLParser):
    """Checks that elements are closed as they were opened, and keeps what a test wants to know."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if self.open and self.open[-1] in ("script", "style") else data


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """`reports(task)`: the page of a model of hostile data, and its folder."""
    made: dict[str, tuple[str, Path]] = {}

    def make(task: str, charnn) -> tuple[str, Path]:
        if task not in made:
            folder = tmp_path_factory.mktemp(task)
            name, data, options = DATA[task]
            (folder / name).write_text(data, encoding="utf-8")
            small = ("--steps", "12", "--hidden", "8", "--layers", "1", "--precision", "fp32")
            result = charnn("train", folder / name, *options, *small, "--out", folder / "model")
            assert result.code == 0, result.err
            result = charnn("report", folder / "model", "-o", folder / "report.html")
            assert (result.code, result.text) == (0, f"{folder / 'report.html'}\n"), result.err
            made[task] = (folder / "report.html").read_text(encoding="utf-8"), folder
        return made[task]

    return make


each_task = pytest.mark.parametrize("task", DATA)


def test_every_task_is_tested() -> None:
    assert DATA.keys() == TASKS.keys()


@each_task
def test_a_page_is_well_formed_and_takes_no_text_for_markup(charnn, reports, task):
    text, _ = reports(task, charnn)
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    links = [given["href"] for _, given in page.tags if "href" in given]
    assert links
    assert all(link is not None and link.startswith("#") and link[1:] in page.ids for link in links)
    # Two scripts at most: the page's own, and data.
    own = [given.get("type") for tag, given in page.tags if tag == "script"]
    assert set(own) <= {None, "application/json"}
    assert own.count(None) == 1
    assert not {"b", "i", "textarea", "iframe", "object", "embed", "img", "form", "base"} & {
        tag for tag, _ in page.tags
    }
    assert not any(name.startswith("on") for _, given in page.tags for name in given)
    assert "\x00" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>alert(1)</script>" in page.text or task == "transducer"


@each_task
def test_a_page_loads_nothing(charnn, reports, task):
    text, _ = reports(task, charnn)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    page = Page(text)
    assert not any("src" in given or "srcset" in given for _, given in page.tags)
    assert not re.search(r"@import|url\((?!#)", text)
    assert not {"link", "audio", "video"} & {tag for tag, _ in page.tags}
    named = re.findall(r"https?://[^\"'\s<]+", text)
    assert set(named) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@each_task
def test_every_picture_has_a_text_and_every_part_a_name(charnn, reports, task):
    page = Page(reports(task, charnn)[0])
    pictures = [given for _, given in page.tags if given.get("role") == "img"]
    assert pictures
    assert all(len(given.get("aria-label") or "") > 20 for given in pictures)
    assert sum(tag == "svg" for tag, _ in page.tags) == len(pictures)
    assert sum(tag == "table" for tag, _ in page.tags) == sum(tag == "caption" for tag, _ in page.tags)
    for _, given in page.tags:
        if given.get("tabindex") == "0":
            assert given.get("aria-label")
    assert sum(tag == "h1" for tag, _ in page.tags) == 1


def test_what_each_task_shows(charnn, reports):
    shown = {
        "language-model": ("What it writes", "At temperature 0.7", "What surprises it", "What its units do"),
        "tagger": ("How well it tags", "What it takes for what", "Its mistakes"),
        "classifier": ("How well it labels", "as right as it is sure", "What speaks for a label", "Its mistakes"),
        "forecaster": ("How well it does", "seasonal naive", "What it said of the last rows", "How it goes on"),
        "transducer": ("How well it writes", "Where it looks", "What it takes for what", "Its mistakes"),
    }
    for task, titles in shown.items():
        text = Page(reports(task, charnn)[0]).text
        for title in ("What it is", "How it learned", "Limits", *titles):
            assert title in text


def test_the_surprise_of_each_symbol_is_that_of_score(charnn, reports, tmp_path):
    _, folder = reports("language-model", charnn)
    (tmp_path / "read.txt").write_text("the cat sat.")
    charnn("report", folder / "model", tmp_path / "read.txt", "-o", tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text())
    said = [given["data-said"] for _, given in page.tags if "data-said" in given]
    symbols = charnn("score", "-m", folder / "model", "--json", "--per-character", tmp_path / "read.txt").json[
        "symbols"
    ]
    assert len(said) == len(symbols) == 12
    for sentence, (symbol, nats) in zip(said, symbols, strict=True):
        assert sentence.startswith({" ": "a space"}.get(symbol, f"“{symbol}”"))
        assert float(re.search(r"([\d.]+) bits", sentence)[1]) == pytest.approx(nats / 0.693147, abs=0.006)


def test_beside_the_option_for_the_model_all_names_are_those_of_data(charnn, reports, tmp_path):
    _, folder = reports("language-model", charnn)
    (tmp_path / "read.txt").write_text("The cat sat.\n" * 9)
    by_option = charnn("report", tmp_path / "read.txt", "--model", folder / "model", "-o", "-")
    assert by_option.code == 0, by_option.err
    assert by_option.out == charnn("report", folder / "model", tmp_path / "read.txt", "-o", "-").out


def test_a_model_that_learned_all_of_its_text_is_shown_reading_that(charnn, text_file, tiny, tmp_path):
    text_file()
    assert charnn("train", "text.txt", "--valid", "none", *tiny).code == 0
    result = charnn("report", "text", "-o", "all.html")
    assert (result.code, result.err) == (0, "")
    assert "characters that it has learned, which it reads one by one" in Page((tmp_path / "all.html").read_text()).text


def test_a_part_whose_data_are_gone_says_so_and_the_others_are_there(charnn, tmp_path):
    shutil.copytree(GOLDEN / "tagger-1", tmp_path / "old")
    result = charnn("report", "old", "-o", "old.html")
    assert result.code == 0
    assert result.err.count("left out: ") == 1, "one reason is said once, with all that it concerns"
    page = Page((tmp_path / "old.html").read_text())
    assert "This is left out" in page.text
    assert "Limits" in page.text


@pytest.mark.parametrize("golden", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_every_old_model_has_a_page(charnn, tmp_path, golden):
    assert charnn("report", GOLDEN / golden, "-o", "old.html").code == 0
    Page((tmp_path / "old.html").read_text())


def test_the_same_model_and_seed_make_the_same_page(charnn, reports, tmp_path):
    _, folder = reports("language-model", charnn)
    for name in ("a.html", "b.html"):
        assert charnn("report", folder / "model", "-o", name, "--seed", "3").code == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    piped = charnn("report", folder / "model", "-o", "-", "--seed", "3")
    assert piped.out == (tmp_path / "a.html").read_bytes()


def test_what_cannot_be_written_is_named(charnn, reports):
    _, folder = reports("language-model", charnn)
    result = charnn("report", folder / "model", "-o", "no/such/page.html")
    assert (result.code, result.text) == (1, "")
    assert "no/such/page.html" in result.err


# In a browser.

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here (apt install chromium)")
TRIAL = """<!DOCTYPE html>%s<pre id=result></pre><script>
const tried = (frame) => {
  const page = frame.contentDocument, view = frame.contentWindow, said = {};
  said.wider = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  said.paper = view.getComputedStyle(page.body).backgroundColor;
  const reader = page.querySelector(".shaded");
  if (reader) {
    const output = page.querySelector(".said"), key = (k) => reader.dispatchEvent(
      new view.KeyboardEvent("keydown", {key: k, bubbles: true, cancelable: true}));
    key("ArrowRight"); said.first = output.textContent;
    key("ArrowRight"); said.second = output.textContent;
    reader.children[0].dispatchEvent(new view.PointerEvent("pointerover", {bubbles: true}));
    said.again = output.textContent;
  }
  const menu = page.querySelector(".chooser select");
  if (menu) {
    const shades = () => [...page.querySelectorAll(".chooser .prose span")].map((one) => one.className).join();
    const before = shades();
    menu.value = "1"; menu.dispatchEvent(new view.Event("change"));
    said.changed = shades() !== before;
    menu.value = "0"; menu.dispatchEvent(new view.Event("change"));
    said.back = shades() === before;
  }
  return said;
};
onload = () => {
  result.textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(tried));
};
</script>"""


def tried(folder: Path, pages: list[Path], width: int, *, dark: bool) -> list[dict[str, object]]:
    """What each page does in a window of that width."""
    frames = "".join(f'<iframe src="{page.as_uri()}" width={width} height=900></iframe>' for page in pages)
    (folder / "trial.html").write_text(TRIAL % frames)
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-web-security",
         "--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}",
         f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--virtual-time-budget=5000", "--dump-dom",
         (folder / "trial.html").as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r"<pre id=.result.>(.*?)</pre>", done.stdout.decode(), re.DOTALL)
    assert found is not None
    return list(json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")))


@needs_browser
def test_pages_fit_a_phone_and_a_desk_and_are_light_or_dark(charnn, reports, tmp_path):
    """A shaded text is read there by keyboard and by pointer, and units are chosen."""
    pages = [reports(task, charnn)[1] / "report.html" for task in DATA]
    phone, desk = tried(tmp_path, pages, 360, dark=True), tried(tmp_path, pages, 1200, dark=False)
    for task, small, large in zip(DATA, phone, desk, strict=True):
        assert small["wider"] == large["wider"] == 0, task
        assert (small["paper"], large["paper"]) == ("rgb(22, 24, 28)", "rgb(255, 255, 255)"), task
    for said in (phone[0], desk[0]):
        assert "bits." in said["first"]
        assert "The likeliest were" in said["first"]
        assert said["second"] != said["first"] == said["again"]
        assert said["changed"]
        assert said["back"]
