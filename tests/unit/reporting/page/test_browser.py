"""The page of a report in a real browser: it loads in silence, tables sort, videos play, nothing is too wide."""

import pytest
from support import chromium

from vidmbench.core import resources
from vidmbench.records.record import read_records
from vidmbench.reporting.page.write import write_report

pytestmark = pytest.mark.skipif(chromium.BINARY is None, reason="no chromium is installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    records = read_records(resources.results_dir() / "measured")
    write_report(records, folder, where="here", clips=None)
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser():
    tab = chromium.Chromium()
    yield tab
    tab.close()


def waited(browser, expression, seconds=20):
    """The value of an expression once it is true."""
    script = f"""new Promise((done) => {{
        const end = Date.now() + {seconds * 1000};
        const look = () => {{
            const found = {expression};
            found || Date.now() > end ? done(found) : setTimeout(look, 50);
        }};
        look();
    }})"""
    return browser.value(script)


VALUES = """[...document.querySelectorAll('table.numbers tbody tr')].map((row) => row.cells[4].dataset.sort)"""
HEAD = """document.querySelector('table.numbers thead th:nth-child(5)')"""


def test_loads_in_silence_and_from_here_alone(browser, site):
    browser.media()
    browser.open(site)
    assert waited(browser, "document.readyState === 'complete'")
    assert browser.complaints() == []
    assert browser.loaded() == [site.as_uri()]


def test_an_error_would_be_noticed(browser, site, tmp_path):
    """The twin of the test above: what the policy forbids, and what breaks, is heard."""
    text = site.read_text(encoding="utf-8")
    broken = text.replace("</main>", '<img src="https://example.invalid/a.png" alt=""><script>boom()</script></main>')
    (tmp_path / "index.html").write_text(broken, encoding="utf-8")
    browser.open(tmp_path / "index.html")
    waited(browser, "document.readyState === 'complete'")
    said = " ".join(browser.complaints())
    assert "example.invalid" in said
    assert "Content Security Policy" in said


def test_a_click_sorts_and_a_second_turns_it_round(browser, site):
    browser.open(site)
    before = browser.value(VALUES)
    in_order = sorted(before, key=float)
    assert before != in_order
    browser.value(f"{HEAD}.querySelector('button').click()")
    assert browser.value(VALUES) == in_order
    assert browser.value(f"{HEAD}.getAttribute('aria-sort')") == "ascending"
    browser.value(f"{HEAD}.querySelector('button').click()")
    assert browser.value(VALUES) == in_order[::-1]
    assert browser.value("document.querySelectorAll('table.numbers [aria-sort]').length") == 1


def test_the_keyboard_sorts(browser, site):
    browser.open(site)
    browser.value(f"{HEAD}.querySelector('button').focus()")
    browser.press("Enter")
    assert browser.value(f"{HEAD}.getAttribute('aria-sort')") == "ascending"


def test_what_scrolls_sideways_can_be_reached(browser, site):
    browser.media(width=360)
    browser.open(site)
    wide = "[...document.querySelectorAll('main *')].filter((one) => one.scrollWidth > one.clientWidth + 1 "
    wide += "&& ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))"
    assert browser.value(f"{wide}.length") > 2
    assert browser.value(f"{wide}.every((one) => one.tabIndex === 0)")


def test_the_first_key_skips_to_the_report(browser, site):
    browser.open(site)
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"


def test_videos_are_decoded_and_play_while_seen(browser, site):
    browser.media(motion="no-preference")
    browser.open(site)
    browser.value("document.querySelector('video').scrollIntoView()")
    assert waited(browser, "document.querySelector('video').readyState >= 2")
    assert waited(browser, "document.querySelector('video').currentTime > 0")
    assert browser.value("document.querySelector('video').videoWidth") == 128
    assert browser.value("[...document.querySelectorAll('video')].every((one) => one.error === null)")
    browser.value("document.getElementById('stop').click()")
    assert waited(browser, "[...document.querySelectorAll('video')].every((one) => one.paused)")


def test_less_motion_stops_them(browser, site):
    browser.media(motion="reduce")
    browser.open(site)
    browser.value("document.querySelector('video').scrollIntoView()")
    assert waited(browser, "document.querySelector('video').readyState >= 1")
    browser.value("new Promise((done) => setTimeout(done, 500))")
    assert browser.value("[...document.querySelectorAll('video')].every((one) => one.paused && one.currentTime === 0)")
    assert browser.value("document.getElementById('stop').textContent") == "Play all videos"


@pytest.mark.parametrize("width", [1000, 1920])
def test_the_first_screen_says_which_model_is_better(browser, site, width):
    browser.media(width=width, height=900)
    browser.open(site)
    bottom = "document.querySelector('.board tbody tr:nth-child(2)').getBoundingClientRect().bottom"
    assert browser.value(bottom) < 900
    assert "Not distinguishable" in browser.value("document.querySelector('.board p').textContent")
    assert browser.value("document.querySelectorAll('.board th button').length") == 0


def test_wide_tables_use_the_width(browser, site):
    browser.media(width=1920)
    browser.open(site)
    assert browser.value("document.querySelector('table.numbers').getBoundingClientRect().width") > 1700


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_page(browser, site, width):
    browser.media(width=width)
    browser.open(site)
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


CONTRAST = """(() => {
    const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92
        : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
    const parsed = (text) => {
        const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const seen = {};
    for (const one of document.querySelectorAll('body *')) {
        if (![...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
        if (one.matches('script, style')) continue;
        let behind = one, back = 'rgba(0, 0, 0, 0)';
        while (behind && back === 'rgba(0, 0, 0, 0)') { back = getComputedStyle(behind).backgroundColor;
            behind = behind.parentElement; }
        seen[getComputedStyle(one).color + ' on ' + back] = [getComputedStyle(one).color, back];
    }
    return Object.entries(seen).map(([name, [front, back]]) => {
        const two = [light(parsed(front)), light(parsed(back))];
        return [name, (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05)]; });
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser, site, scheme):
    browser.media(scheme=scheme)
    browser.open(site)
    found = browser.value(CONTRAST)
    assert len(found) >= 4
    assert {name: ratio for name, ratio in found if ratio < 4.5} == {}
    assert (
        browser.value("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(255, 255, 255)",
            "dark": "rgb(21, 23, 26)",
        }[scheme]
    )
