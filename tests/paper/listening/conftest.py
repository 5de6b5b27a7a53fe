"""The synthetic page on disk, and the browser that opens it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clmr.paper.listening.page import page_html

from .pages import data_of, listed_corpus, without_tags, write_audio

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW_TO_GET_IT = (
    f"no browser: none of {', '.join(BROWSERS)} is on the PATH; install Chromium, on Debian and Ubuntu by "
    "'apt-get install chromium', and run the tests again"
)


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listening")
    corpora = [listed_corpus(), without_tags(listed_corpus("untagged", n_segments=60))]
    write_audio(folder, corpora)
    file = folder / "index.html"
    file.write_text(page_html(data_of(*corpora)), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium without a window; tests that need it are skipped where there is none."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(HOW_TO_GET_IT)
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright; run 'make setup' again")
    with sync_api.sync_playwright() as playwright:
        # Sound would need a click first, and containers have neither the rights nor the memory that Chromium asks for.
        flags = ["--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--disable-dev-shm-usage"]
        launched = playwright.chromium.launch(executable_path=executable, args=flags)
        yield launched
        launched.close()
