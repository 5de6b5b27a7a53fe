"""Tests of the delay step."""

import pytest
import torch

from clmr.augmentations.delay import DelayDraw
from tests.augmentations.signals import noise


def drawn(*delay_ms: float) -> DelayDraw:
    return DelayDraw(torch.ones(len(delay_ms), dtype=torch.bool), torch.tensor(delay_ms).double(), 0.5)


@pytest.mark.parametrize(
    ("sample_rate_hz", "delay_ms", "delay"),
    [(22_050, 200.0, 4410), (22_050, 450.0, 9922), (8_000, 500.0, 4000)],
)
def test_an_impulse_becomes_two(sample_rate_hz: int, delay_ms: float, delay: int) -> None:
    impulse = torch.zeros(1, 20_001)
    impulse[0, 17] = 0.8
    echoed = drawn(delay_ms).apply(impulse, sample_rate_hz)
    expected = impulse.clone()
    expected[0, 17 + delay] = 0.4
    assert torch.equal(echoed, expected)


def test_each_example_has_its_own_delay() -> None:
    batch = noise(2, 3000)
    echoed = drawn(100.0, 200.0).apply(batch, 8000)
    for row, delay in enumerate((800, 1600)):
        assert torch.equal(echoed[row, :delay], batch[row, :delay])
        torch.testing.assert_close(echoed[row, delay:], batch[row, delay:] + 0.5 * batch[row, :-delay])


def test_a_delay_longer_than_the_clip_changes_nothing() -> None:
    batch = noise(1, 101)
    assert torch.equal(drawn(500.0).apply(batch, 8000), batch)
