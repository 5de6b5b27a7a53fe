"""MP3: what was encoded, small, the same bytes each time; and no rate that the format does not have."""

import io

import numpy as np
import pytest
import soundfile

from clmr.paper.mp3 import mp3


@pytest.mark.parametrize("sample_rate_hz", [8_000, 12_000, 16_000, 22_050])
def test_what_is_decoded_is_what_was_encoded(sample_rate_hz):
    time_s = np.arange(round(2.6 * sample_rate_hz)) / sample_rate_hz
    audio = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    encoded = mp3(audio, sample_rate_hz)
    read, rate = soundfile.read(io.BytesIO(encoded))
    assert rate == sample_rate_hz
    # Within a tenth of a second, by which encoders lengthen audio, and 1 dB of level.
    assert len(read) == pytest.approx(len(audio), abs=0.1 * sample_rate_hz)
    assert np.abs(read[len(read) // 4 : len(read) // 2]).max() == pytest.approx(0.5, rel=0.12)
    assert len(encoded) < audio.size  # a fourth of its float32, half of 16 bits
    assert mp3(audio, sample_rate_hz) == encoded


def test_a_rate_that_the_format_does_not_have_is_refused():
    with pytest.raises(ValueError, match="found 10000 Hz, MP3 has 8000, .* use a store of such a rate"):
        mp3(np.zeros(100), 10_000)
