"""Figure 7.7: a picture of the page, which no stage can take, since the pipeline has no browser.

``results/figures/fig_7_7.png`` is the one file of ``results/`` that a test writes, and only when the page has changed:
the picture holds the digest of the page that it shows. So on a clean clone this test writes nothing and needs no
browser, and after a ``dvc repro`` that changed the page it takes the picture anew. No stage reads the picture.
"""

import io
import time
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from clmr.storage.files import replacing, sha256_of

ROOT = Path(__file__).parents[3]
PAGE, FIGURE = ROOT / "results" / "listening" / "index.html", ROOT / "results" / "figures" / "fig_7_7.png"
SIZE, CHOICE, DIGEST_KEY = {"width": 1280, "height": 800}, "#feature=12,40", "page_sha256"


def photograph(browser, page_file: Path, figure: Path) -> None:
    """Write a picture of the top of the page, with the digest of the page in its metadata."""
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    page.set_default_timeout(120_000)
    page.goto(page_file.as_uri() + CHOICE)
    page.wait_for_selector("tbody tr")
    # Players show their length only once they have looked at their file.
    looked = "[...document.querySelectorAll('audio')].every((audio) => audio.readyState > 0)"
    deadline = time.monotonic() + 120
    while not page.evaluate(looked):
        assert time.monotonic() < deadline, "players did not look at their files within two minutes"
        page.wait_for_timeout(100)
    facts = PngImagePlugin.PngInfo()
    facts.add_text(DIGEST_KEY, sha256_of(page_file))
    with replacing(figure) as temporary:
        Image.open(io.BytesIO(page.screenshot())).save(temporary, format="png", pnginfo=facts, optimize=True)
    page.close()


def shown_page(figure: Path) -> str | None:
    """Digest of the page that a picture shows; None if there is no picture."""
    if not figure.is_file():
        return None
    with Image.open(figure) as image:
        return image.info.get(DIGEST_KEY)


def test_the_figure_shows_the_published_page(request):
    if not PAGE.is_file():
        pytest.skip("there is no listening page yet; run 'dvc repro listening'")
    if shown_page(FIGURE) != sha256_of(PAGE):
        browser = request.getfixturevalue("browser")
        audio = PAGE.parent / "audio"
        assert audio.is_dir(), f"the page has changed, but {audio} is missing; run 'dvc repro listening'"
        photograph(browser, PAGE, FIGURE)
    assert shown_page(FIGURE) == sha256_of(PAGE)


def test_a_picture_is_as_large_as_the_window_and_knows_its_page(browser, page_file, tmp_path):
    figure = tmp_path / "figure.png"
    assert shown_page(figure) is None
    photograph(browser, page_file, figure)
    assert shown_page(figure) == sha256_of(page_file)
    with Image.open(figure) as image:
        assert image.size == (SIZE["width"], SIZE["height"])
        # Text on a light ground, neither an empty window nor a dark one.
        histogram = image.convert("L").histogram()
    assert sum(histogram[240:]) > 0.5 * sum(histogram)
    assert sum(histogram[:100]) > 0.005 * sum(histogram)
