"""Who is let into the page, what forms may do, and what hostile texts cannot."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from tertulia.server.keys import new_key
from tertulia.settings import Key
from tertulia.web.markdown import MATHS, TAGS, rendered

from .browser import Watched, browser, needs_chromium
from .conftest import PLAN, says
from .serving import scripted_house, serving

pytestmark = [pytest.mark.slow]
QUESTION = "Are there more minutes in a day than hours in a week?"
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus=alert(1) x="',
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:alert(1))",
    "![x](http://elsewhere.example/x.png)",
    '![x](http://elsewhere.example/x.png "t\\" onerror=alert(1)")',
    "<img src=http://elsewhere.example/x.png>",
    "<iframe src=http://elsewhere.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=http://elsewhere.example></object>",
    "<embed src=http://elsewhere.example>",
    "<link rel=stylesheet href=http://elsewhere.example/x.css>",
    "<style>@import 'http://elsewhere.example/x.css';</style>",
    "<div style='background:url(http://elsewhere.example/x)'>x</div>",
    "<meta http-equiv=refresh content='0;url=http://elsewhere.example'>",
    "<base href=http://elsewhere.example>",
    "<form action=http://elsewhere.example><button>x</button></form>",
    "<hx-partial hx-target='body'>gone</hx-partial>",
    "<div hx-get='http://elsewhere.example' hx-trigger='load'>x</div>",
    "<div hx-on:load='alert(1)'>x</div>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><script>alert(1)</script>'>",
    "<math><mtext></mtext><script>alert(1)</script></math>",
    "$\\text{<script>alert(1)</script>}$",
    "$$\\href{javascript:alert(1)}{x}$$",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "<http://elsewhere.example/><script>alert(1)</script>",
    "[1]: javascript:alert(1)\n[x][1]",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202egnp.exe\u202c \x1b[31mred\x1b]0;title\x07",
    "\ud800 half a character",
    "event: over\ndata: gone\n\n",
    "data: x\r\rdata: y",
    "\u2028\u2029<!--><script>alert(1)</script>-->",
    "a" * 3000,
    "> " * 400 + "deep",
    "- " * 300 + "deep",
    "[" * 2000,
    "$" + "{" * 900 + "$",
]

HARMLESS = {"class", "display", "fence", "href", "id", "lang", "rel", "start", "stretchy", "tabindex", "title"}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


def token(page):
    return re.search(r'name="token" value="(\w+)"', page)[1]


class Elements(HTMLParser):
    """The elements of a text, as a browser finds them."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_markdown_gives_no_script_no_picture_and_no_handler():
    assert len(HOSTILE) >= 40
    for text in HOSTILE:
        for tag, attributes in Elements(str(rendered(text, 1))).found:
            assert tag in TAGS | MATHS, text
            assert set(attributes) <= HARMLESS, text
            assert (attributes.get("href") or "#").startswith(("#", "http://", "https://", "mailto:")), text


@needs_chromium
def test_hostile_texts_run_nothing_and_ask_no_other_host(chromium):
    texts = "\n\n".join(text.replace("\ud800", "") for text in HOSTILE)
    plan = PLAN.replace("How many minutes has a day?", '<img src=x onerror=alert(1)> \\"><script>alert(2)</script>')

    def hostile(system, text):
        if system.startswith("You plan"):
            return plan
        if system.startswith("You write the answer"):
            return texts
        if "Python" in system:
            return f"print('''{HOSTILE[0]}{HOSTILE[1]}''')"
        return f"{texts}\nConclusion: {HOSTILE[2]}"

    with serving(scripted_house(hostile)) as served:
        watched = Watched(page := chromium.new_page(viewport={"width": 390, "height": 800}))
        page.goto(served.url)
        page.get_by_label("Your question").fill(texts)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".badge.answered")
        here = page.url
        for where in (here, f"{here}/replay", f"{here}/again", f"{served.url}/runs", f"{here}/export"):
            page.goto(where)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, where
        assert watched.errors == []
        assert watched.hosts == {served.url.split("/")[2]}


@needs_chromium
def test_a_large_reply_leaves_the_page_usable(chromium):
    answer = "\n\n".join(f"Paragraph {number} of a long *answer*. " + "word " * 60 for number in range(600))

    def long(system, text):
        return answer if system.startswith("You write the answer") else says(system, text)

    with serving(scripted_house(long)) as served:
        page = chromium.new_page()
        page.goto(served.url)
        page.get_by_label("Your question").fill(QUESTION)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".badge.answered")
        page.locator("#part-t1 > summary").click()
        assert "print(24*60)" in page.locator("#part-t1").inner_text()


def test_a_key_lets_in_with_a_cookie_that_no_script_reads_and_no_other_site_sends():
    key, digest = new_key()
    other, other_digest = new_key()
    keys = {"ana": Key(sha256=digest), "eva": Key(sha256=other_digest)}
    with serving(keys=keys) as served, httpx.Client(base_url=served.url, follow_redirects=True) as ana:
        first = ana.get("/")
        assert first.url.path == "/login"
        assert ana.post("/login", data={"token": token(first.text), "key": "wrong"}).status_code == 401
        entered = ana.post("/login", data={"token": token(first.text), "key": key}, follow_redirects=False)
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert key not in cookie
        page = ana.get("/")
        assert page.url.path == "/"
        asked = ana.post("/ask", data={"token": token(page.text), "question": QUESTION})
        assert asked.url.path.startswith("/runs/run_")
        with httpx.Client(base_url=served.url, follow_redirects=True) as eva:
            eva.post("/login", data={"token": token(eva.get("/login").text), "key": other})
            for what in ("", "/replay", "/export/json", "/stream"):
                assert eva.get(asked.url.path + what).status_code == 404
            assert "minutes" not in eva.get("/runs").text
            stolen = token(page.text)
            assert eva.post(asked.url.path + "/delete", data={"token": stolen}).status_code == 403
        expired = httpx.get(f"{served.url}/runs", cookies={"tertulia_session": "1.616e61.00"}, follow_redirects=True)
        assert "log-in has ended" in expired.text
        ana.post("/logout", data={"token": token(page.text)})
        assert ana.get("/runs").url.path == "/login"


@pytest.mark.parametrize(
    "headers", [{"origin": "http://elsewhere.example"}, {"host": "elsewhere.example"}, {"origin": "null"}]
)
def test_other_sites_and_names_cannot_use_the_page_of_this_machine(headers):
    with serving() as served:
        page = httpx.get(served.url)
        asked = httpx.post(f"{served.url}/ask", data={"token": token(page.text), "question": QUESTION}, headers=headers)
        assert asked.status_code == 403
        assert httpx.post(f"{served.url}/ask", data={"question": QUESTION}).status_code == 403


def test_every_page_says_what_it_may_load():
    with serving() as served:
        for where in ("/", "/runs", "/runs/run_none", "/page/page.js", "/compare"):
            policy = httpx.get(served.url + where).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy


def test_what_cannot_be_done_is_a_page_that_says_what_would_work():
    with serving(body_bytes=1 << 16) as served, httpx.Client(base_url=served.url) as client:
        missing = client.get("/runs/run_none")
        assert missing.status_code == 404
        assert "Look among your runs" in missing.text
        form = {"token": token(client.get("/").text)}
        assert "question is empty" in client.post("/ask", data=form).text
        wrong = client.post("/ask", data=form | {"question": "?", "tokens": "many"})
        assert "is not a number above 0" in wrong.text
        assert client.post("/ask", data=form | {"question": "x" * 70_000}).status_code == 413
        image = client.post("/ask", data=form | {"question": "?"}, files={"images": ("a.png", b"no image")})
        assert "is no image that can be read" in image.text
        assert client.post("/page/look", data=form | {"back": "//elsewhere.example"}).headers["location"] == "/"
        asked = client.post("/ask", data=form | {"question": QUESTION}).headers["location"]
        while "badge answered" not in client.get(asked).text:
            pass
        assert client.post(f"{asked}/delete", data=form).headers["location"] == "/runs"
        assert client.get(asked).status_code == 404
