"""Players: what was encoded, at levels that can be compared, and small enough for a notebook."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from clmr.paper.audio_html import MOST_BYTES, players
from clmr.paper.view_examples import AugmentedExample


def tone(amplitude: float, sample_rate_hz: int, duration_s: float = 2.6) -> np.ndarray:
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    return (amplitude * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)


def decoded(page: str) -> list[np.ndarray]:
    encoded = re.findall(r"src='data:audio/mpeg;base64,([^']*)'", page)
    return [soundfile.read(io.BytesIO(base64.b64decode(text)))[0] for text in encoded]


def test_levels_can_be_compared():
    before = tone(0.1, 8_000)
    quiet, loud = (AugmentedExample("gain", setting, "", factor * before) for setting, factor in
                   (("mild", 0.5), ("strong", 2.0)))  # fmt: skip
    peaks = [np.abs(audio[4_000:8_000]).max() for audio in decoded(players(before, [quiet, loud], 8_000))]
    assert peaks == pytest.approx([0.45, 0.225, 0.9], rel=0.12)


def test_a_row_for_each_step_and_an_empty_cell_for_a_setting_that_is_not_listed():
    before = tone(0.1, 8_000, duration_s=0.5)
    examples = [
        AugmentedExample("polarity", "strong", "", -before),
        AugmentedExample("gain", "mild", "gain -1 dB <b>", before),
        AugmentedExample("gain", "strong", "gain -6 dB", before),
    ]
    page = players(before, examples, 8_000)
    assert page.count("<audio") == 4
    assert re.findall(r"<th>([^<]*)</th>", page) == ["", "mild", "strong", "the crop", "polarity", "gain"]
    assert "<th>polarity</th><td></td><td><audio" in page
    assert "gain -1 dB &lt;b&gt;" in page


def test_silence_is_played_as_silence():
    silence = np.zeros(8_000, dtype=np.float32)
    (read,) = decoded(players(silence, [], 8_000))
    assert np.abs(read).max() < 1e-4


def test_fifteen_crops_at_the_rate_of_the_thesis_are_small_enough():
    noise = 0.1 * np.random.default_rng(0).standard_normal(59_049).astype(np.float32)
    examples = [AugmentedExample(f"step{number}", "strong", "", noise) for number in range(14)]
    assert len(players(noise, examples, 22_050)) < MOST_BYTES / 2


def test_too_much_audio_is_refused():
    before = tone(0.1, 8_000)
    with pytest.raises(ValueError, match=r"found [\d,]+ bytes of audio for 0 examples, allowed are 1,000; list fewer"):
        players(before, [], 8_000, most_bytes=1_000)
