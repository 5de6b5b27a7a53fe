import numpy as np
import pytest

from clmr.corpora.rendered.midi import MidiTrack, TimedNote, midi_bytes
from clmr.corpora.rendered.rendering import midi_tracks, play_clip
from clmr.corpora.rendered.synthesis import a_weighted, soundfont_path, synthesise

RATE_HZ = 22050


def level_db(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(a_weighted(samples, RATE_HZ) ** 2))


@pytest.mark.parametrize("soundfont", ["timgm6mb", "merlin"])
def test_a_note_sounds_at_its_pitch_and_time(soundfont):
    note = TimedNote(onset_s=0.5, length_s=1.0, pitch=69, velocity=90)
    samples = synthesise(midi_bytes([MidiTrack(0, 73, 100, 64, (note,))]), soundfont, RATE_HZ)
    assert samples.dtype == np.float32
    before, during = samples[: round(0.45 * RATE_HZ)], samples[round(0.7 * RATE_HZ) : round(1.3 * RATE_HZ)]
    assert np.abs(before).max() < 0.01 * np.abs(during).max()
    spectrum = np.abs(np.fft.rfft(during * np.hanning(len(during))))
    frequencies_hz = np.fft.rfftfreq(len(during), 1 / RATE_HZ)
    harmonic = frequencies_hz[spectrum.argmax()] / 440
    # The strongest partial of A4, to within a quarter tone.
    assert harmonic == pytest.approx(max(1, round(harmonic)), rel=0.03)


def test_soundfonts_come_with_installed_packages():
    assert soundfont_path("timgm6mb").stat().st_size > 5_000_000
    assert soundfont_path("merlin").stat().st_size > 10_000_000


def test_a_weighting_is_zero_at_1_khz_and_cuts_the_bass():
    seconds = np.arange(RATE_HZ) / RATE_HZ
    for frequency_hz, wanted_db in ((1000, 0.0), (100, -19.1), (4000, 1.0)):
        tone = np.sin(2 * np.pi * frequency_hz * seconds)
        # Values of the standard's table.
        assert level_db(tone) - 10 * np.log10(np.mean(tone**2)) == pytest.approx(wanted_db, abs=0.2)


def test_every_part_is_audible_when_rendered_alone(many, many_plans):
    bands = [plan for plan in many_plans if plan.recipe.ensemble == "band" and plan.work.is_tune][::100]
    for plan in bands:
        players = play_clip(plan, many)
        stems = [
            synthesise(midi_bytes([track]), many.soundfont, RATE_HZ) for track in midi_tracks(players, many.soundfont)
        ]
        levels_db = np.array([level_db(np.pad(stem, (0, 8 * RATE_HZ))[: 8 * RATE_HZ]) for stem in stems])
        # Levels are estimates: parts may miss theirs by some 6 dB, of a range from -9 to +1 dB.
        assert levels_db[1:].min() - levels_db[0] > -15
        assert levels_db[1:].max() - levels_db[0] < 7
