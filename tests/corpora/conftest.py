"""A server for tests of corpora that are fetched."""

from collections.abc import Iterator

import pytest

from clmr.corpora import published
from clmr.corpora.download import Transport
from tests.corpora.serving import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts without pauses, so that tests of failures end."""
    monkeypatch.setattr(published, "TRANSPORT", Transport(2, 2.0, 5.0, 0.001, 0.01))
