"""The page in a real browser: asked, watched, stopped, looked back at, in two languages, by keyboard and phone."""

import re
import string

import pytest

from tertulia.narration.catalogue import Phrase
from tertulia.web import words

from .browser import Watched, browser, needs_chromium
from .conftest import ANSWER
from .serving import scripted_house, serving

QUESTION = "Are there more minutes in a day than hours in a week?"
pytestmark = [pytest.mark.slow]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


def ask(page, url, text=QUESTION):
    page.goto(url)
    page.get_by_label("Your question").fill(text)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/runs/*")


def phrases():
    for name, value in vars(words).items():
        values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        if name.isupper():
            yield from values


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_phrase_is_there_in_both_languages_with_the_same_places():
    known = list(phrases())
    assert len(known) > 80
    assert all(isinstance(phrase, Phrase) and phrase.en and phrase.es for phrase in known)
    assert [phrase for phrase in known if places(phrase.en) != places(phrase.es)] == []


@needs_chromium
def test_a_question_is_asked_watched_and_answered(chromium):
    with serving(scripted_house(seconds=0.2)) as served:
        watched = Watched(page := chromium.new_page())
        ask(page, served.url)
        page.wait_for_selector(".badge.answered")
        assert page.locator("#answer").inner_text() == ANSWER
        assert page.locator(".plan a").count() == 4
        report = page.locator("#spent").inner_text()
        assert "reasoning" in report
        assert "5 calls" in report
        page.locator(".plan a").first.click()
        part = page.locator("#part-t1")
        assert part.get_attribute("open") is not None
        for shown in ("How many minutes has a day?", "print(24*60)", "1440", "accepted", "its program ran"):
            assert shown in part.inner_text()
        page.reload()
        assert page.locator("#answer").inner_text() == ANSWER
        assert watched.errors == []
        assert watched.hosts == {served.url.split("/")[2]}


@needs_chromium
def test_a_page_that_is_reloaded_in_mid_run_goes_on_with_nothing_doubled(chromium):
    with serving(scripted_house(seconds=0.6)) as served:
        page = chromium.new_page()
        ask(page, served.url)
        page.wait_for_selector("#part-t1")
        page.locator("#part-t2 > summary").click()
        page.reload()
        page.wait_for_selector(".badge.answered")
        assert page.locator("#answer").inner_text() == ANSWER
        assert page.locator(".part").count() == 5


@needs_chromium
def test_what_the_reader_opened_stays_open_while_the_run_goes_on(chromium):
    with serving(scripted_house(seconds=0.6)) as served:
        page = chromium.new_page()
        ask(page, served.url)
        page.wait_for_selector("#part-t2")
        page.locator("#part-t2 > summary").click()
        page.wait_for_selector(".badge.answered")
        assert page.locator("#part-t2").get_attribute("open") is not None


@needs_chromium
def test_a_run_is_stopped_and_its_calls_stay_in_the_numbers(chromium):
    with serving(scripted_house(seconds=2.0)) as served:
        page = chromium.new_page()
        ask(page, served.url)
        page.wait_for_selector(".badge.working")
        page.get_by_role("button", name="Stop").click()
        page.wait_for_selector(".badge.cancelled")
        assert "There is no answer." in page.locator("#answer").inner_text()
        assert re.search(r"\d+ calls", page.locator("#spent").inner_text())


@needs_chromium
def test_a_run_is_told_again_moment_by_moment(chromium):
    with serving(scripted_house()) as served:
        page = chromium.new_page()
        ask(page, served.url)
        page.wait_for_selector(".badge.answered")
        page.get_by_role("link", name="Replay").click()
        page.goto(page.url + "?number=1")
        assert page.locator(".part").count() == 0
        page.locator("#moment").press("End")
        page.wait_for_selector(".badge.answered")
        assert page.locator(".part").count() == 5
        page.locator("#moment").press("Home")
        page.wait_for_selector(".badge.running")
        page.get_by_role("link", name="Play at 16×").click()
        page.wait_for_selector(".badge.answered")
        assert page.locator("#answer").inner_text() == ANSWER


@needs_chromium
def test_runs_are_found_compared_exported_and_followed_up(chromium):
    with serving(scripted_house()) as served:
        page = chromium.new_page()
        for question in (QUESTION, "What weighs more, lead or feathers?"):
            ask(page, served.url, question)
            page.wait_for_selector(".badge.answered")
        page.get_by_label("Ask a follow-up").fill("And in a leap year?")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("h1:has-text('leap year')")
        page.get_by_text("Earlier in this conversation").click()
        assert "lead or feathers" in page.locator(".earlier").inner_text()
        page.wait_for_selector(".badge.answered")
        page.goto(f"{served.url}/runs?text=leap")
        assert page.locator(".run").count() == 1
        page.goto(f"{served.url}/runs")
        for box in page.get_by_role("checkbox").all()[:2]:
            box.check()
        page.get_by_role("button", name="Compare").click()
        assert page.locator("svg.plan").count() == 2
        assert "The answers are the same." in page.locator("main").inner_text()
        page.goto(f"{served.url}/runs")
        page.locator(".run a").first.click()
        page.get_by_role("link", name="Export").click()
        for kind, begins in (("json", "{"), ("md", "# "), ("html", "<!doctype html>"), ("svg", "<svg ")):
            with page.expect_download() as download:
                page.get_by_role("link", name=kind.upper()).click()
            assert download.value.path().read_text().startswith(begins)


@needs_chromium
def test_the_page_speaks_spanish_where_the_browser_does_and_can_be_switched(chromium):
    with serving() as served:
        page = chromium.new_context(locale="es-ES").new_page()
        page.goto(served.url)
        assert page.locator("html").get_attribute("lang") == "es"
        assert "¿Sobre qué pensamos juntos?" in page.locator("h1").inner_text()
        page.get_by_role("button", name="English").click()
        assert "What should we think through?" in page.locator("h1").inner_text()
        page.get_by_role("button", name="Dark").click()
        assert page.locator("html").get_attribute("data-theme") == "dark"


@needs_chromium
def test_the_keyboard_alone_asks_and_opens_a_node(chromium):
    with serving() as served:
        page = chromium.new_page()
        page.goto(served.url)
        page.keyboard.type(QUESTION)  # the box has the focus
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".badge.answered")
        page.locator(".plan a").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("#part-t1").get_attribute("open") is not None


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_is_wider_than_the_screen(chromium, width):
    with serving() as served:
        page = chromium.new_page(viewport={"width": width, "height": 800})
        ask(page, served.url, "word" * 300)
        page.wait_for_selector(".badge.answered")
        here = page.url
        for where in (served.url, here, f"{here}/replay", f"{here}/export", f"{here}/again", f"{served.url}/runs"):
            page.goto(where)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, where


@needs_chromium
def test_without_javascript_questions_are_asked_and_answers_read(chromium):
    with serving(scripted_house(seconds=0.5)) as served:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(served.url)
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_role("button", name="Ask").click()
        page.wait_for_selector(".badge.answered")
        assert ANSWER in page.locator("#answer").inner_text()
