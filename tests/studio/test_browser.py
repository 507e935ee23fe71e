"""The studio in a browser: what a person does, from a dropped file to a downloaded table."""

import os
import re
import signal
import time

import pandas as pd
import pytest
from mixed_tables import mixed_table
from studio_browser import NEEDS_CHROMIUM, PATIENCE, launched
from studio_client import TOKEN
from studio_server import serving

from wgan.runs import RunFolder
from wgan.studio.app import create_app

SETTINGS = "network.width=8\noptimizer.batch=16\ntraining.log_every=1\ntraining.measure_every=10"
UNNAMED = (
    "[...document.querySelectorAll('input, select, textarea')]"
    ".filter(each => !each.labels?.length && !each.getAttribute('aria-label')).length"
)
"""Fields without a label, of which a screen reader could say nothing."""
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as play:
        browser = launched(play)
        yield browser
        browser.close()


@pytest.fixture
def address(runs, trained):
    """The address of a studio that serves in a thread of this process."""
    app = create_app(runs, TOKEN, data=[trained[0]])
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}/"
    found = app.state.studio.processes
    for name in found.running():
        os.kill(found.pid(name), signal.SIGKILL)


@pytest.fixture
def said():
    """What the page said on its console, and requests that were refused: none at the end."""
    return []


@pytest.fixture
def page(chromium, address, said):
    """The page, with whatever it says on its console, and the hosts that it asks."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    asked = set()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda answer: answer.ok or said.append(answer.url))
    page.on("request", lambda request: asked.add(request.url.split("/")[2].split(":")[0]))
    page.goto(f"{address}#token={TOKEN}")
    page.get_by_role("heading", name="Runs", exact=True).wait_for()
    yield page
    context.close()
    assert said == []
    assert asked <= {"127.0.0.1", ""}


def choose_tab(page, name):
    page.get_by_role("tab", name=name).click()


def expect_chosen(page, name):
    """Wait until a tab is chosen: the page hears of a new address after the key."""
    tab = page.get_by_role("tab", name=name)
    playwright.expect(tab).to_have_attribute("aria-selected", "true")


def last_step(run):
    lines = RunFolder(run).metrics() if (run / "metrics.jsonl").exists() else []
    return lines[-1]["step"] if lines else 0


def test_from_a_dropped_table_to_a_downloaded_one(page, runs, tmp_path):
    """Drop, correct, train, watch the curve grow, stop, go on, stop, play, download."""
    table = tmp_path / "people.csv"
    mixed_table(150).to_csv(table, index=False)
    choose_tab(page, "New run")
    page.set_input_files("input[type=file]", table)
    page.locator("table.columns").wait_for()
    holds = page.locator("table.columns select")
    assert holds.count() == len(mixed_table(1).columns)
    number = next(i for i in range(holds.count()) if holds.nth(i).input_value() == "numeric")
    holds.nth(number).select_option("identifier")
    page.get_by_text("Your corrections are in use").wait_for()
    page.locator("summary", has_text="More settings").click()
    page.get_by_label("Steps", exact=True).fill("100000")
    page.get_by_label("One setting a line").fill(SETTINGS)
    page.get_by_label("Name of the run").fill("people")
    planned = re.compile(r"--schema runs/uploads/people-schema-\w+.toml .* --out runs/people --set")
    page.locator("#command", has_text=planned).wait_for()
    page.get_by_role("button", name="Train").click()

    curve = page.locator("figure", has_text="Critic's estimate").locator("polyline")
    page.get_by_role("heading", name="people", exact=True).wait_for()
    page.get_by_role("button", name="Stop").wait_for()
    several = re.compile(r"(\S+ ){3,}\S+")
    playwright.expect(curve).to_have_attribute("points", several)
    before = len(curve.get_attribute("points").split())
    page.wait_for_function(
        "before => document.querySelectorAll('figure')[1].querySelector('polyline')"
        ".getAttribute('points').split(' ').length > before",
        arg=before,
    )
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on").wait_for()
    stopped = last_step(runs / "people")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop").wait_for()
    deadline = time.monotonic() + PATIENCE / 1000
    while last_step(runs / "people") <= stopped and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on").wait_for()
    assert last_step(runs / "people") > stopped

    page.get_by_role("link", name="Play").click()
    page.locator("table.rows").wait_for()
    page.get_by_label("How many").last.fill("25")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    waiting.value.save_as(tmp_path / "new.csv")
    assert len(pd.read_csv(tmp_path / "new.csv")) == 25


def expect_refusals(said, path):
    """Take refusals of one path from what a page said: those that a test is about."""
    assert said
    assert all(path in each or "400 (Bad Request)" in each for each in said), said
    said.clear()


def test_a_schema_that_is_wrong_stays_to_be_mended_and_does_not_count(page, said, tmp_path):
    table = tmp_path / "people.csv"
    mixed_table(40).to_csv(table, index=False)
    choose_tab(page, "New run")
    page.set_input_files("input[type=file]", table)
    page.locator("summary", has_text="The schema as text").click()
    text = page.get_by_label("Schema as text")
    text.fill("nonsense")
    page.get_by_role("button", name="Use this text").click()
    page.locator("#panel-new .fault:visible").wait_for()
    assert text.input_value() == "nonsense"
    page.get_by_label("Name of the run").fill("people")
    command = page.locator("#command", has_text="--out runs/people")
    command.wait_for()
    assert "--schema" not in command.text_content()
    expect_refusals(said, "/api/data")


def test_runs_are_drawn_together_and_read_by_keys(page):
    page.get_by_label("Compare images-0").check()
    page.get_by_label("Compare vectors-0").check()
    page.get_by_role("button", name="vectors-0").click()
    distance = page.locator("figure", has_text="Held-out distance")
    playwright.expect(distance.locator("polyline")).to_have_count(2)
    page.get_by_text("Other data than vectors-0").wait_for()
    playwright.expect(distance.locator(".legend")).to_contain_text("floor")
    drawing = distance.get_by_role("img").first
    drawing.focus()
    drawing.press("End")
    playwright.expect(distance.locator(".readout")).to_contain_text("step 6")
    drawing.press("Home")
    playwright.expect(distance.locator(".readout")).to_contain_text("step 3")
    slider = page.get_by_label("Samples at step")
    slider.focus()
    slider.press("ArrowLeft")
    page.get_by_text("step 3, picture 2 of 3").wait_for()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Report", exact=True).click()
    opened.value.wait_for_load_state()
    assert "W1" in opened.value.content()


def test_a_run_shows_nothing_of_the_one_before(page, said, runs):
    (runs / "series-0/metrics.jsonl").write_text("nonsense\n")
    settings = page.locator("details", has_text="Settings").locator("pre")
    page.get_by_role("button", name="vectors-0").click()
    playwright.expect(settings).to_contain_text("points.npy")
    page.get_by_role("button", name="series-0").click()
    page.locator(".detail .fault", has_text="metrics.jsonl").wait_for()
    playwright.expect(settings).not_to_contain_text("points.npy")
    expect_refusals(said, "/api/run")


def test_what_goes_while_nobody_sees_the_page_is_gone(page, runs):
    hide = (
        "value => { Object.defineProperty(document, 'hidden', {value, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    button = page.get_by_role("button", name="images-0")
    button.wait_for()
    page.evaluate(hide, True)
    os.rename(runs / "images-0", runs / ".gone")
    page.wait_for_timeout(500)
    page.evaluate(hide, False)
    playwright.expect(button).to_have_count(0)


def test_tabs_are_chosen_by_keys_and_remembered_by_the_address(page, address):
    page.get_by_role("tab", name="Runs").focus()
    page.keyboard.press("ArrowRight")
    expect_chosen(page, "New run")
    page.keyboard.press("End")
    expect_chosen(page, "Lab")
    page.reload()
    expect_chosen(page, "Lab")
    assert TOKEN not in page.url


def test_names_from_data_are_text(page, runs):
    os.rename(runs / "images-0", runs / "<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="<img src=x").wait_for()
    assert page.locator("img[src='x']").count() == 0


def test_a_model_of_pictures_is_played_with(page):
    page.evaluate("location.hash = 'tab=play&run=images-0'")
    tiles = page.locator(".tiles li")
    playwright.expect(tiles).to_have_count(16)
    first = tiles.first.locator("img").get_attribute("src")
    page.get_by_label("Seed").fill("5")
    page.wait_for_function(
        "first => document.querySelector('.tiles img')?.getAttribute('src') !== first", arg=first
    )
    page.get_by_label("the nearest training sample beside each").check()
    playwright.expect(tiles.first.locator("img")).to_have_count(2)
    page.get_by_label("Class").select_option("7")
    page.locator(".tiles li", has_text="class 7").nth(15).wait_for()
    sample = page.locator(".single img").first
    sample.wait_for()
    before = sample.get_attribute("src")
    page.get_by_label("Latent 1", exact=True).fill("3")
    page.wait_for_function(
        "before => document.querySelector('.single img').getAttribute('src') !== before", arg=before
    )


@pytest.mark.parametrize("width", [380, 3840])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for tab in ("runs", "new", "play", "lab"):
        page.evaluate(f"location.hash = 'tab={tab}'")
        page.locator(f"#panel-{tab} > :visible").first.wait_for()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
        assert page.evaluate(UNNAMED) == 0, tab


def test_the_list_is_changed_in_place(page, runs):
    """A click takes a tenth of a second, in which a run may log several steps."""
    button = page.get_by_role("button", name="vectors-0")
    button.hover()
    page.mouse.down()
    (runs / "vectors-0/finish.json").unlink()
    page.get_by_role("button", name="vectors-0").get_by_text("stopped").wait_for()
    page.mouse.up()
    page.get_by_role("heading", name="vectors-0", exact=True).wait_for()
    page.get_by_role("button", name="Go on").wait_for()


def violations(page, where):
    """Return what axe-core finds on the page: rule, element, and why."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [
        (where, each["id"], node["target"], node["failureSummary"])
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_tab(page, scheme):
    """axe-core: names, roles, contrast and structure, as WCAG asks for them."""
    page.emulate_media(color_scheme=scheme)
    found = violations(page, "runs")
    page.get_by_label("Compare images-0").check()
    page.get_by_role("button", name="tables-0").click()
    page.locator("figure", has_text="Held-out distance").locator("polyline").first.wait_for()
    page.get_by_label("Samples at step").wait_for()
    page.get_by_role("columnheader", name="real samples").or_(
        page.get_by_role("columnheader", name="value")
    ).first.wait_for()
    found += violations(page, "a run")
    choose_tab(page, "New run")
    page.get_by_label("Or data that are here already").select_option("uploads/mixed.csv")
    page.locator("table.columns").wait_for()
    found += violations(page, "a new run")
    for name in ("images-0", "tables-0"):
        page.evaluate(f"location.hash = 'tab=play&run={name}'")
        page.locator(".tiles li, table.rows").nth(0).wait_for()
        page.get_by_label("the nearest training sample beside each").check()
        page.wait_for_timeout(700)  # the request begins when nothing has changed for a moment
        page.locator("[aria-busy=true]").first.wait_for(state="detached")
        found += violations(page, f"play with {name}")
    choose_tab(page, "Lab")
    page.locator("#lab-line-numbers strong").wait_for()
    page.locator(".lab-claim").first.wait_for()
    found += violations(page, "lab")
    assert found == []
