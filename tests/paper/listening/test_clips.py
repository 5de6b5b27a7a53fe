"""Audio of the page: the very segment, from the very clip, in a file of its own."""

import io

import numpy as np
import pandas as pd
import pytest
import soundfile

from clmr.corpora.store import Store
from clmr.paper.listening.clips import audio_name, write_clips

RATE_HZ, SEGMENT_SAMPLES = 8_000, 8_000


@pytest.fixture
def tones(tmp_path):
    """Two clips of three seconds, each second a tone of another frequency."""
    frequencies_hz = {"a": (200, 400, 800), 'b"/<é': (300, 600, 1_200)}
    time_s = np.arange(SEGMENT_SAMPLES) / RATE_HZ
    audio = [0.5 * np.sin(2 * np.pi * hz * time_s) for clip in frequencies_hz.values() for hz in clip]
    np.round(np.concatenate(audio) * 32_767).astype("<i2").tofile(tmp_path / "audio.i16")
    clips = pd.DataFrame({"clip_id": list(frequencies_hz), "offset": [0, 24_000], "n_samples": [24_000, 24_000]})
    return Store(tmp_path, RATE_HZ, clips, np.zeros((2, 0), np.uint8), ())


def segments(*rows: tuple[str, float]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["clip_id", "start_s"])
    return table.assign(audio=[audio_name("tones", row) for row in range(len(rows))])


def test_each_file_has_its_segment_and_no_other(tones, tmp_path):
    folder = tmp_path / "page"
    wanted = segments(("a", 0.0), ("a", 2.0), ('b"/<é', 1.0))
    n_bytes = write_clips(tones, wanted, SEGMENT_SAMPLES, folder)
    files = sorted(folder.rglob("*.mp3"))
    assert [file.relative_to(folder).as_posix() for file in files] == list(wanted.audio)
    assert n_bytes == sum(file.stat().st_size for file in files)
    for file, hz in zip(files, (200, 800, 600), strict=True):
        heard, rate_hz = soundfile.read(io.BytesIO(file.read_bytes()))
        assert rate_hz == RATE_HZ
        assert len(heard) == pytest.approx(SEGMENT_SAMPLES, abs=0.15 * RATE_HZ)
        power = np.abs(np.fft.rfft(heard)) ** 2
        assert np.fft.rfftfreq(len(heard), 1 / RATE_HZ)[power.argmax()] == pytest.approx(hz, abs=5)
        # At the level of the store, within what the coding changes.
        assert np.abs(heard).max() == pytest.approx(0.5, rel=0.15)


def test_a_clip_that_is_not_in_the_store_is_refused(tones, tmp_path):
    with pytest.raises(ValueError, match="found no clip 'c', of which there are activations; .* rerun all"):
        write_clips(tones, segments(("c", 0.0)), SEGMENT_SAMPLES, tmp_path / "page")


def test_a_clip_that_ends_before_its_segment_is_refused(tones, tmp_path):
    with pytest.raises(ValueError, match=r"clip a ends 4000 samples before the end of its segment at 2\.5 s"):
        write_clips(tones, segments(("a", 2.5)), SEGMENT_SAMPLES, tmp_path / "page")
