"""Tests of the reverberation step, among them a plain transcription of the network as loops."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from clmr.augmentations.reverb import (
    ReverbDraw,
    all_pass_samples,
    comb_samples,
    feedback,
    loop_damping,
)
from tests.augmentations.signals import level_db, noise


def drawn(room_size: float, reverberance: float, damping: float) -> ReverbDraw:
    settings = (torch.tensor([value]).double() for value in (room_size, reverberance, damping))
    return ReverbDraw(torch.tensor([True]), *settings)


def impulse_response(draw: ReverbDraw, sample_rate_hz: int, n_samples: int) -> torch.Tensor:
    impulse = torch.zeros(1, n_samples)
    impulse[0, 0] = 1.0
    return (draw.apply(impulse, sample_rate_hz) - impulse)[0].double()


def looped_reverb(signal: np.ndarray, draw: ReverbDraw, sample_rate_hz: int) -> np.ndarray:
    """The wet signal sample by sample: delay lines, loops, feedback, as in a real-time effect."""
    gain, pole = float(feedback(draw.reverberance)), float(loop_damping(draw.damping))
    total = np.zeros(len(signal))
    for length in comb_samples(draw.room_size, sample_rate_hz)[0].tolist():
        line, state = np.zeros(length), 0.0
        for t, sample in enumerate(signal):
            delayed = line[t % length]
            state = delayed + (state - delayed) * pole
            line[t % length] = sample + gain * state
            total[t] += delayed
    for length in all_pass_samples(sample_rate_hz):
        line = np.zeros(length)
        for t, sample in enumerate(total.copy()):
            delayed = line[t % length]
            line[t % length] = sample + 0.5 * delayed
            total[t] = delayed - sample
    return 0.015 * total


def decay_s(response: torch.Tensor, sample_rate_hz: int) -> float:
    """Time the backward-integrated energy takes from -5 to -25 dB, times 3: an estimate of RT60."""
    energy = response.square().flip(0).cumsum(0).flip(0)
    decay_db = 10 * torch.log10(energy / energy[0])
    return 3 * float((decay_db < -25).int().argmax() - (decay_db < -5).int().argmax()) / sample_rate_hz


@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050])
@pytest.mark.parametrize("settings", [(0, 0, 0), (100, 100, 0), (3, 100, 100), (50, 50, 50), (71.3, 93.7, 12.9)])
def test_spectra_equal_the_loops(settings: tuple[float, float, float], sample_rate_hz: int) -> None:
    signal = noise(1, 4001)
    draw = drawn(*settings)
    wet = draw.apply(signal, sample_rate_hz)[0].double().numpy() - signal[0].double().numpy()
    expected = looped_reverb(signal[0].double().numpy(), draw, sample_rate_hz)
    # The circular convolution wraps around what follows the clip, 60 dB down.
    assert np.sqrt(np.mean((wet - expected) ** 2)) < 2e-3 * np.sqrt(np.mean(expected**2)) + 1e-8


def test_a_long_clip_equals_the_loops_to_its_end() -> None:
    signal = noise(1, 59_049)
    draw = drawn(40, 85, 30)
    wet = draw.apply(signal, 22_050)[0].double().numpy() - signal[0].double().numpy()
    expected = looped_reverb(signal[0].double().numpy(), draw, 22_050)
    error, end = wet - expected, slice(-2000, None)
    assert np.sqrt(np.mean(error**2)) < 2e-3 * np.sqrt(np.mean(expected**2))
    assert np.sqrt(np.mean(error[end] ** 2)) < 2e-3 * np.sqrt(np.mean(expected[end] ** 2))


def test_decay_time_grows_with_reverberance() -> None:
    times = [decay_s(impulse_response(drawn(100, r, 50), 22_050, 59_049), 22_050) for r in (0, 25, 50, 75, 90)]
    assert all(later > 1.2 * earlier for earlier, later in pairwise(times))


def test_damping_darkens_the_tail() -> None:
    def brightness(damping: float) -> float:
        tail = impulse_response(drawn(100, 80, damping), 22_050, 59_049)[4000:20_000]
        power = torch.fft.rfft(tail).abs().square()
        return float((power * torch.linspace(0, 11_025, len(power))).sum() / power.sum())

    centroids_hz = [brightness(damping) for damping in (0, 50, 100)]
    assert centroids_hz[0] > 1.2 * centroids_hz[1] > 1.2**2 * centroids_hz[2]


def test_room_size_lengthens_the_combs() -> None:
    lengths = comb_samples(torch.tensor([0.0, 50.0, 100.0]), 44_100)
    assert (lengths.diff(dim=0) > 0).all()
    assert lengths[2].tolist() == [1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617]
    assert lengths[0, 0] == 112


def test_response_starts_after_the_shortest_comb_and_not_before() -> None:
    draw = drawn(60, 50, 50)
    response = impulse_response(draw, 22_050, 20_000)
    first = int(comb_samples(draw.room_size, 22_050).min())
    assert response[:first].abs().max() < 1e-3 * response.abs().max()
    assert response[first].abs() > 0.1 * response.abs().max()


def test_times_do_not_depend_on_the_sample_rate() -> None:
    draw = drawn(80, 80, 0)
    slow, fast = (decay_s(impulse_response(draw, rate, int(2.5 * rate)), rate) for rate in (11_025, 22_050))
    assert fast == pytest.approx(slow, rel=0.15)


def test_wet_level_stands_below_the_dry_level() -> None:
    signal = noise(1, 59_049)
    wet = drawn(100, 50, 50).apply(signal, 22_050) - signal
    assert -30 < level_db(wet) - level_db(signal) < -5


@pytest.mark.parametrize("n_samples", [2, 3, 101, 4097])
def test_any_length_is_kept(n_samples: int) -> None:
    wet = drawn(0, 100, 0).apply(noise(1, n_samples), 8_000)
    assert wet.shape == (1, n_samples)
    assert wet.isfinite().all()
