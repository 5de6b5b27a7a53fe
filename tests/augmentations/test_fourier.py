"""Tests of the lengths of transforms."""

import pytest

from clmr.augmentations.fourier import fast_length


@pytest.mark.parametrize("at_least", [1, 2, 3, 59, 1000, 20_736, 59_049, 118_097])
def test_fast_length_is_long_enough_and_not_much_longer(at_least: int) -> None:
    length = fast_length(at_least)
    assert at_least <= length <= max(at_least + 1, 1.25 * at_least)
    assert (length & -length) * 27 >= length
