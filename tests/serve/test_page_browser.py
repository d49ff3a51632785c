"""The page as people meet it, in a real Chromium on the screen of a small panel."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from sklearn.linear_model import LogisticRegression

from ..conftest import Tecator
from .browser import Visit, chromium, visiting
from .page_models import write_models
from .server import Server, serving

REFUSED = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tecator: Tecator) -> Path:
    return write_models(tmp_path_factory.mktemp("page"), tecator)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(browser: Any, folder: Path) -> Iterator[Server]:
    with serving(folder) as running:
        yield running


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Visit]:
    """The page; whatever a test does, nothing is asked of strangers and nothing complained of."""
    with visiting(browser, server.url) as visit:
        ready(visit)
        yield visit


def ready(visit: Visit) -> None:
    visit.page.wait_for_selector("#sample option >> nth=1", state="attached")


def text(tecator: Tecator, *rows: tuple[str, Any]) -> str:
    head = ",".join(["sample", *(f"{position:g}nm" for position in tecator.wavelengths)])
    return "\n".join([head, *(",".join([name, *map(repr, np.asarray(row).tolist())]) for name, row in rows)]) + "\n"


@pytest.fixture(scope="module")
def one(tecator: Tecator) -> str:
    return text(tecator, ("sack 5", tecator.X[4]))


@pytest.fixture(scope="module")
def three(tecator: Tecator) -> str:
    """An ordinary spectrum, one of a strange shape, and one that cannot be predicted."""
    bump = 0.25 * np.exp(-(((np.arange(100) - 60) / 6) ** 2))
    return text(tecator, ("sack 5", tecator.X[4]), ("wet sack", tecator.X[7] + bump), ("flat", np.full(100, 2.5)))


def test_a_file_gets_its_value_with_interval_and_limits(visit: Visit, one: str, folder: Path, tecator: Tecator) -> None:
    visit.drop("meat.csv", one)
    said = visit.told("95 % interval")
    (record,) = load(folder / "fat.n4a").predict_full(tecator.X[4:5], tecator.wavelengths).records()
    assert f"{record['value']:.1f} %" in said and f"{record['lower']:.1f} to {record['upper']:.1f} %" in said
    assert visit.page.get_attribute(".number", "title") == repr(record["value"])
    assert "✓ In order" in said and "measured at the model’s own points" in said
    for distance in ("t2", "q"):
        warning, error = (
            repr(float(f"{record[f'{distance}_{level}']:.3g}")).removesuffix(".0") for level in ("warning", "error")
        )
        assert f"warning above {warning}, error above {error}" in said
    assert visit.text("#spoken").startswith("sack 5: fat ") and "no flags" in visit.text("#spoken")
    assert "100 points, 850 to 1050 nm" in visit.page.get_attribute("#chart", "aria-label")
    assert drawn(visit)


def drawn(visit: Visit) -> bool:
    """Whether the line of the spectrum is on the canvas, in its colour."""
    return bool(
        visit.page.evaluate(
            """() => {
                const canvas = document.querySelector("#chart canvas");
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const probe = document.createElement("canvas").getContext("2d");
                probe.fillStyle = getComputedStyle(document.body).getPropertyValue("--spectrum").trim();
                probe.fillRect(0, 0, 1, 1);
                const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
                let found = 0;
                for (let i = 0; i < data.length; i += 4) {
                    found += data[i] === r && data[i + 1] === g && data[i + 2] === b;
                }
                return found > 200;
            }"""
        )
    )


def test_the_policy_is_in_force(visit: Visit) -> None:
    headers = visit.page.reload().headers
    assert headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' data:")
    ready(visit)
    ran = visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            document.body.append(script);
            return document.title;
        }"""
    )
    assert ran == "Predict spectra · n4akit"
    assert len(visit.complaints) == 1 and "Content Security Policy" in visit.complaints.pop()


def test_flags_are_said_in_words_beside_the_limits(visit: Visit, three: str) -> None:
    visit.drop("meat.csv", three)
    visit.told("In order")
    assert visit.text("#many-title").startswith("3 spectra")
    visit.page.check("#worst")
    assert [line.split("\n")[1] for line in visit.page.locator("#rows li").all_inner_texts()][-1] == "sack 5"
    visit.page.click("#rows >> text=wet sack")
    said = visit.told("✕ Do not use")
    assert "the spectrum has a shape that no spectrum of the calibration has (Q) q_error" in said
    assert "✕ far outside" in said and "error above" in said
    visit.page.wait_for_selector("text=unlike here (Q)")
    visit.page.click("#rows >> text=flat")
    assert "constant" in visit.told("No prediction")
    assert visit.page.locator(".number").count() == 0, "no number where there is none"


def test_the_same_file_by_another_model_on_wavenumbers(visit: Visit, one: str, folder: Path, tecator: Tecator) -> None:
    visit.drop("meat.csv", one)
    visit.told("interval")
    visit.page.select_option("#model", "water-protein")
    said = visit.told("protein")
    water, protein = load(folder / "water-protein.n4a").predict(tecator.X[4:5], tecator.wavelengths, unit="nm")[0]
    assert f"{water:.1f} %" in said and f"{protein:.1f} %" in said and "converted from nm" in said
    left, right = (read_at(visit, key) for key in ("Home", "End"))
    assert left > right, "wavenumbers are drawn from the high to the low"
    assert drawn(visit)


def test_a_declared_signal_is_drawn_as_what_the_model_knows(visit: Visit, tecator: Tecator) -> None:
    visit.page.select_option("#model", "water-protein")
    visit.page.wait_for_function("() => document.querySelector('#model-line').innerText.startsWith('water')")
    visit.page.click("#options summary")
    visit.page.select_option("[name=signal]", "percent reflectance")
    visit.page.click("#options summary")
    visit.drop("percent.csv", text(tecator, ("sack 5", 100.0 * 10.0 ** -tecator.X[4])))
    said = visit.told("converted from percent reflectance")
    assert "In order" in said
    visit.page.focus("#chart")
    visit.page.keyboard.press("ArrowRight")
    first = re.match(r"[\d.]+ cm⁻¹: ([\d.]+)", visit.text("#readout"))
    assert first and abs(float(first.group(1)) - tecator.X[4, 0]) < 1e-3


def read_at(visit: Visit, side: str) -> float:
    """The position that the chart tells at one of its sides."""
    box = visit.page.locator("#chart .u-over").bounding_box()
    visit.page.mouse.move(box["x"] + (2 if side == "Home" else box["width"] - 2), box["y"] + 40)
    visit.page.wait_for_function("() => document.querySelector('#readout').innerText !== ''")
    found = re.match(r"[\d.]+", visit.text("#readout"))
    assert found
    return float(found.group())


def test_a_bad_file_gets_the_words_of_the_server(browser: Any, server: Server, one: str) -> None:
    with visiting(browser, server.url, quiet=False) as visit:
        ready(visit)
        visit.drop("meat.csv", one)
        visit.told("interval")
        visit.drop("bad.csv", "0.5,0.2\n0.5,x\n")
        said = visit.told("the file: line 2, column 2: 'x' is not a number")
        assert "interval" not in said and visit.page.locator(".number").count() == 0
        visit.drop("short.csv", "0.5,0.2,0.3\n")
        visit.told("3 values in each row, expected 100")
        visit.drop("meat.csv", one)
        assert "not a number" not in visit.told("interval")
        assert [words for words in visit.complaints if not words.startswith(REFUSED)] == []


def test_without_limits_nothing_is_said_to_be_in_order(browser: Any, tecator: Tecator, tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=5000).fit(tecator.X, np.where(tecator.fat > 20, "fatty", "lean"))
    bundle = load(export(from_sklearn(model), tmp_path / "grade.n4a"))
    with serving(tmp_path) as server, visiting(browser, server.url) as visit:
        ready(visit)
        visit.drop("meat.csv", text(tecator, ("sack 5", tecator.X[4])))
        said = visit.told("Not checked")
        assert "In order" not in said and "No T², Q: the bundle was written without calibration spectra" in said
        (label,), (shares,) = bundle.predict(tecator.X[4:5]), bundle.predict_proba(tecator.X[4:5])
        assert visit.text(".number") == label and all(f"{share:.3f}" in said for share in shares)
        assert drawn(visit)


def test_a_reload_keeps_the_model_and_what_was_predicted(visit: Visit, one: str) -> None:
    visit.page.select_option("#model", "water-protein")
    visit.page.wait_for_function("() => document.querySelector('#model-line').innerText.startsWith('water')")
    visit.drop("meat.csv", one)
    before = visit.told("protein")
    visit.page.reload()
    assert visit.told("protein") == before
    assert visit.page.input_value("#model") == "water-protein" and drawn(visit)
    assert visit.page.locator("#entries li").count() == 1
    visit.page.click("#clear-history")
    visit.page.reload()
    ready(visit)
    assert "Nothing yet" in visit.text("#history")


def test_the_table_that_is_downloaded_has_every_digit(visit: Visit, three: str, folder: Path, tecator: Tecator) -> None:
    visit.drop("meat.csv", three)
    visit.told("interval")
    with visit.page.expect_download() as given:
        visit.page.click("#download")
    rows = list(csv.DictReader(given.value.path().read_text("utf-8").splitlines()))
    assert [row["sample"] for row in rows] == ["sack 5", "wet sack", "flat"]
    (record,) = load(folder / "fat.n4a").predict_full(tecator.X[4:5], tecator.wavelengths).records(model="fat")
    assert float(rows[0]["value"]) == record["value"] and float(rows[0]["t2"]) == record["t2"]
    assert {*rows[0]} == record.keys() - {"proba"} and rows[2]["flags"] == "refused"


def test_a_sample_of_the_model_can_be_picked_and_opened_again(visit: Visit, one: str) -> None:
    visit.page.select_option("#sample", "2")
    visit.told("interval")
    assert visit.text("#which") == "measured reference 3"
    visit.drop("meat.csv", one)
    visit.page.wait_for_selector("#which >> text=meat.csv")
    visit.page.click("#entries >> text=measured reference 3")
    visit.page.wait_for_selector("#which >> text=measured reference 3")
    assert visit.page.evaluate("() => document.activeElement.id") == "result"


def test_the_keyboard_is_enough(visit: Visit, three: str, tmp_path: Path) -> None:
    # Chromium hands its dialog over only once it was told to, which may be after the key if told at the key.
    visit.page.on("filechooser", lambda _: None)
    order = []
    for _ in range(10):
        visit.page.keyboard.press("Tab")
        order.append(visit.page.evaluate("() => document.activeElement.id || document.activeElement.innerText.trim()"))
        assert visit.page.evaluate(
            "() => { const all = document.activeElement; const box = all.closest('.button') ?? all;"
            " return getComputedStyle(box).outlineStyle !== 'none' }"
        ), f"where the keyboard is must be seen: {order[-1]}"
    assert order[:2] == ["Skip to the result", "model"]
    assert [name for name in order if name in ("file", "sample", "chart")] == ["file", "sample", "chart"]
    visit.page.focus("#file")
    (tmp_path / "meat.csv").write_text(three, "utf-8")
    with visit.page.expect_file_chooser() as asked:
        visit.page.keyboard.press("Space")
    asked.value.set_files(tmp_path / "meat.csv")
    visit.told("interval")
    visit.page.focus("#rows")
    visit.page.keyboard.press("ArrowDown")
    assert visit.text("#spoken").startswith("wet sack: ") and "shape" in visit.text("#spoken")
    visit.page.keyboard.press("End")
    assert visit.text("#spoken").startswith("flat: no prediction")
    active = visit.page.get_attribute("#rows", "aria-activedescendant")
    assert visit.page.get_attribute(f"#{active}", "aria-selected") == "true"
    visit.page.focus("#chart")
    for key, position in (("ArrowRight", "850 nm"), ("ArrowRight", "852.02 nm"), ("PageUp", "872.22 nm")):
        visit.page.keyboard.press(key)
        assert visit.text("#readout").startswith(position)


def test_everything_has_a_name(visit: Visit, three: str) -> None:
    visit.drop("meat.csv", three)
    visit.told("interval")
    nameless = visit.page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, textarea, [tabindex='0']")]
            .filter((one) => !(one.labels?.length || one.innerText.trim()
                || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert visit.page.locator("[role=alert]").count() == 1 and visit.page.locator("output[aria-live]").count() == 1


def test_a_token_is_asked_for_and_kept(browser: Any, server: Server, one: str) -> None:
    with visiting(browser, server.url, quiet=False) as visit:

        def guarded(route: Any) -> None:
            if route.request.headers.get("authorization") == "Bearer n4a_secret":
                route.continue_()
            else:
                problem = '{"title": "no token", "detail": "show one", "status": 401}'
                route.fulfill(status=401, content_type="application/problem+json", body=problem)

        visit.page.route("**/v1/**", guarded)
        visit.page.reload()
        visit.page.fill("#token-text", "n4a_secret")
        visit.page.keyboard.press("Enter")
        ready(visit)
        visit.drop("meat.csv", one)
        visit.told("interval")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1024, 600), (800, 480), (390, 844), (1500, 950)])
def test_it_fits_every_screen_in_light_and_dark(
    browser: Any, server: Server, three: str, scheme: str, width: int, height: int, tmp_path: Path
) -> None:
    screen: dict[str, Any] = {
        "viewport": {"width": width, "height": height},
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    with visiting(browser, server.url, **screen) as visit:
        ready(visit)
        visit.drop("meat.csv", three)
        visit.told("interval")
        if width > 700:
            visit.page.click("#next")
            value = "() => document.querySelector('#verdict').getBoundingClientRect().top"
            assert 0 <= visit.page.evaluate(value) < height / 2, "what the value is is seen without scrolling"
            visit.page.click("#previous")
        visit.page.focus("#rows")
        visit.page.keyboard.press("ArrowDown")
        visit.told("Do not use")
        assert drawn(visit)
        page = visit.page
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing lies off the side"
        if width > 1000:
            fits = "() => document.querySelector('.distances').getBoundingClientRect().bottom <= innerHeight"
            assert page.evaluate(fits), "value, flags, T² and Q are seen without scrolling"
        page.screenshot(path=tmp_path / f"{width}-{scheme}.png")
        assert faint(visit) == [], "text that stands out from what is behind it by less than 4.5 to 1"


def test_what_is_news_is_brought_into_sight(browser: Any, server: Server, one: str) -> None:
    with visiting(browser, server.url, quiet=False, viewport={"width": 390, "height": 600}) as visit:
        ready(visit)
        for name, content, told in (
            ("meat.csv", one, "interval"),
            ("bad.csv", "a,850\nx,nonsense\n", "cannot be read"),
        ):
            visit.page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
            visit.drop(name, content)
            visit.told(told)
            assert visit.page.evaluate(
                "() => Math.abs(document.querySelector('#result').getBoundingClientRect().top) < 300"
            )


def faint(visit: Visit) -> list[str]:
    """Visible text whose contrast is below what WCAG 2.2 asks for."""
    found: list[str] = visit.page.evaluate(
        """() => {
            const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            const rgba = (color) => {
                canvas.clearRect(0, 0, 1, 1);
                canvas.fillStyle = color;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            };
            const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
                .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            const behind = (one) => {
                const layers = [];
                for (let at = one; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
                return layers.reverse().reduce((below, [r, g, b, a]) =>
                    [r, g, b].map((v, i) => v * (a / 255) + below[i] * (1 - a / 255)), [255, 255, 255]);
            };
            return [...document.querySelectorAll("body *")]
                .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
                .filter((one) => one.checkVisibility({ opacityProperty: true }) && !one.closest("option, :disabled"))
                .filter((one) => {
                    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))];
                    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
                }).map((one) => one.innerText);
        }"""
    )
    return found
