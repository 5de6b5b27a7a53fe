"""What tests of tables and figures share."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """Close the figures of a test, of which pyplot keeps twenty before it warns."""
    yield
    plt.close("all")
