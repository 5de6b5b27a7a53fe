"""The section ``interpretability``: what does not fit together is named."""

from dataclasses import replace

import pytest

from clmr.interpret.params import ActivatedParams, ActivationsParams
from tests.paper.chapter_7 import PARAMS

HERE, THERE, OTHER = (
    ActivatedParams("clmr_primary", "primary"),
    ActivatedParams("clmr_primary", "secondary"),
    ActivatedParams("cpc_primary", "secondary"),
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((HERE, THERE, OTHER, HERE), "out_of_domain.run must be clmr_primary, as primary.run, got 'cpc_primary'"),
        ((HERE, THERE, HERE, HERE), "out_of_domain.store must be other than primary, got 'primary'"),
        ((HERE, THERE, THERE, THERE), "untrained.store must be primary, as primary.store, got 'secondary'"),
    ],
)
def test_activations_that_cannot_be_compared_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ActivationsParams(*given)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layers": (2, 1)}, r"layers must be numbers from 1 on, in order, got \[2, 1\]"),
        ({"layers": (0, 1, 2)}, r"layers must be numbers from 1 on"),
        ({"shown_layers": (1, 4)}, r"shown_layers must be two or more of layers, \[1, 2\], got \[1, 4\]"),
        ({"content_share": 1.0}, "content_share must be between 0 and 1"),
    ],
)
def test_layers_and_shares_out_of_range_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(PARAMS, **changed)
