"""A server for tests of corpora that are fetched."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clmr.corpora import published
from clmr.corpora.download import Transport
from tests.corpora.serving import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter; those of ``tmp_path`` are their owner's alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts without pauses, so that tests of failures end."""
    monkeypatch.setattr(published, "TRANSPORT", Transport(2, 2.0, 5.0, 0.001, 0.01))
