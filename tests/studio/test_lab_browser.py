"""The Lab in a browser: bars by keyboard and pointer, a training that is watched, and a page that
leaves.
"""

import time

import pytest
from studio_browser import NEEDS_CHROMIUM, PATIENCE, launched
from studio_client import TOKEN
from studio_server import app_with, serving

from wgan.studio.lab_session import Sessions

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def sessions():
    return Sessions()


@pytest.fixture(scope="module")
def address(sessions, tmp_path_factory):
    """The address of a studio that runs in this process."""
    with serving(app_with(sessions, tmp_path_factory.mktemp("studio"))) as port:
        yield f"http://127.0.0.1:{port}/#token={TOKEN}&tab=lab"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = launched(driver)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, address):
    """The Lab, opened; no message in its console, and no request to another machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    page.wait_for_selector("#lab-line-numbers strong")
    yield page
    page.close()
    assert messages == []
    assert all(url.startswith(("http://127.0.0.1:", "data:", "blob:")) for url in requests)


def reads(page, words):
    """Wait until the numbers hold some words."""
    playwright.expect(page.locator("#lab-line-numbers")).to_contain_text(words)


def test_the_example_is_drawn_by_keyboard_and_walks_five(page):
    page.get_by_label("Begin with").select_option("same")
    page.get_by_label("Bins", exact=True).select_option("4")
    page.get_by_label("Bins", exact=True).focus()
    page.keyboard.press("Tab")
    for side, masses in (("P", "3214"), ("Q", "1243")):
        for i, mass in enumerate(masses):
            bar = page.get_by_role("slider", name=f"{side}, bin {i}")
            playwright.expect(bar).to_be_focused()
            page.keyboard.press(mass)
            assert bar.get_attribute("aria-valuenow") == mass
            if i < 3:
                page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
    reads(page, "W1 = 5 mass")
    walk = page.locator("#lab-line-walk")
    playwright.expect(walk).to_contain_text("Work: 2 + 2 + 1 = 5")
    playwright.expect(page.get_by_label("Move Q")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    reads(page, "W1 = 53")
    reads(page, "JS = 0.693 nats · KL(P||Q) is infinite")
    row = page.get_by_role("row", name="JS").first
    assert row.get_by_role("cell").all_inner_texts()[1:] == ["0", "0"], "JS does not know how far"


def test_up_and_down_change_a_bar_and_keep_it_within_its_range(page):
    bar = page.get_by_role("slider", name="P, bin 2")
    bar.focus()
    for key, mass in (
        ("ArrowUp", "2"),
        ("PageUp", "7"),
        ("PageUp", "10"),
        ("ArrowUp", "10"),
        ("Home", "0"),
        ("ArrowDown", "0"),
        ("End", "10"),
    ):
        page.keyboard.press(key)
        assert bar.get_attribute("aria-valuenow") == mass, key
    reads(page, "Earth is moved, not made")


def test_bars_are_drawn_with_a_pointer(page):
    drawing = page.locator(".lab-drawing")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    step = (box["width"] - 26) / 4
    top = box["y"] + 38
    page.mouse.move(box["x"] + 26 + step / 2, top)
    page.mouse.down()
    page.mouse.move(box["x"] + 26 + 3.5 * step, top, steps=20)
    page.mouse.up()
    masses = [
        page.get_by_role("slider", name=f"P, bin {i}").get_attribute("aria-valuenow")
        for i in range(4)
    ]
    assert len(set(masses)) == 1
    assert int(masses[0]) >= 9


def test_a_histogram_without_mass_is_told_in_words(page):
    def late(route):  # answers that are late must not show what is no longer drawn
        time.sleep(0.2)
        route.continue_()

    page.route("**/api/lab/line", late)
    for i in range(4):
        page.get_by_role("slider", name=f"Q, bin {i}").focus()
        page.keyboard.press("0")
    alert = page.locator(".lab-line .fault")
    playwright.expect(alert).to_contain_text("no mass")
    page.wait_for_timeout(600)
    playwright.expect(page.locator("#lab-line-numbers")).to_be_empty()
    playwright.expect(page.locator(".lab-measures")).to_be_empty()
    page.keyboard.press("1")
    reads(page, "W1 = ")


def test_a_training_is_watched_step_by_step_and_ends_when_the_page_leaves(page, sessions):
    page.get_by_label("penalty").uncheck()
    page.get_by_role("button", name="Start").click()
    certified = page.locator("[data-variant='wgan-ortho']")
    playwright.expect(certified).to_contain_text("0 % of the plane above 1")
    page.get_by_role("button", name="Pause").click()
    step = certified.locator("dd").first
    before = int(step.inner_text())
    page.get_by_role("button", name="One step").click()
    playwright.expect(step).not_to_have_text(str(before))
    assert page.locator(".lab-panel").count() == 2
    label = certified.get_by_role("img").get_attribute("aria-label")
    assert "steepest slope 0." in label
    picture = certified.locator("canvas").evaluate("c => c.toDataURL().length")
    assert picture > 10_000, "something is drawn"
    (session,) = [each for each in sessions._sessions.values() if not each.ended]
    page.goto("about:blank")
    until = time.monotonic() + 20
    while session._process.returncode is None and time.monotonic() < until:
        time.sleep(0.05)
    assert session._process.returncode is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser, address, scheme):
    page = browser.new_page(viewport={"width": 380, "height": 800}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("#lab-line-numbers strong")
    page.wait_for_selector(".lab-claim")
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.close()
