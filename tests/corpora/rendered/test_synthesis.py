import numpy as np
import pytest

from clmr.corpora.rendered.parts import Part, TimedNote
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.rendering import balanced_parts, play_clip
from clmr.corpora.rendered.synthesis import a_weighted, soundfont_path, synthesise
from clmr.corpora.rendered.touch import touched

RATE_HZ = 22050


def level_db(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(a_weighted(samples, RATE_HZ) ** 2))


@pytest.mark.parametrize("soundfont", ["timgm6mb", "merlin"])
def test_a_note_sounds_at_its_pitch_and_time(soundfont):
    note = TimedNote(onset_s=0.5, length_s=1.0, pitch=69, velocity=90)
    samples = synthesise([Part(False, 73, 100, (note,))], soundfont, RATE_HZ, 2 * RATE_HZ)
    assert samples.dtype == np.float32
    assert samples.shape == (2 * RATE_HZ,)
    before, during = samples[: round(0.45 * RATE_HZ)], samples[round(0.7 * RATE_HZ) : round(1.3 * RATE_HZ)]
    assert np.abs(before).max() < 0.01 * np.abs(during).max()
    spectrum = np.abs(np.fft.rfft(during * np.hanning(len(during))))
    frequencies_hz = np.fft.rfftfreq(len(during), 1 / RATE_HZ)
    harmonic = frequencies_hz[spectrum.argmax()] / 440
    # The strongest partial of A4, to within a quarter tone.
    assert harmonic == pytest.approx(max(1, round(harmonic)), rel=0.03)


def test_a_rendering_does_not_depend_on_what_was_rendered_before():
    strings = [Part(False, 48, 90, tuple(TimedNote(0.1 * k, 1.5, 50 + 3 * k, 80) for k in range(8)))]
    drums = [Part(True, 25, 90, (TimedNote(0.0, 0.1, 49, 127),)), Part(False, 89, 40, (TimedNote(0.0, 9.0, 40, 90),))]
    first = synthesise(strings, "timgm6mb", RATE_HZ, RATE_HZ)
    synthesise(drums, "timgm6mb", RATE_HZ, RATE_HZ)
    np.testing.assert_array_equal(synthesise(strings, "timgm6mb", RATE_HZ, RATE_HZ), first)


def test_a_repeated_note_is_struck_again():
    repeated = tuple(TimedNote(0.5 * k, 0.5, 60, 90) for k in range(4))
    samples = synthesise([Part(False, 0, 90, repeated)], "timgm6mb", RATE_HZ, 2 * RATE_HZ)
    starts = [np.abs(samples[round((0.5 * k + 0.01) * RATE_HZ) :][: RATE_HZ // 10]).max() for k in range(4)]
    assert min(starts) > 0.7 * max(starts)


@pytest.mark.parametrize("soundfont", ["timgm6mb", "merlin"])
def test_amplitude_goes_with_velocity_and_with_the_cube_of_the_volume(soundfont):
    levels = {
        (volume, velocity): level_db(
            synthesise([Part(False, 73, volume, (TimedNote(0.0, 0.5, 72, velocity),))], soundfont, RATE_HZ, RATE_HZ)
        )
        for volume, velocity in ((90, 90), (90, 45), (45, 90))
    }
    assert levels[90, 90] - levels[90, 45] == pytest.approx(6.02, abs=0.3)
    assert levels[90, 90] - levels[45, 90] == pytest.approx(18.06, abs=0.5)


def test_more_parts_than_channels_are_refused():
    with pytest.raises(ValueError, match="number of parts must be at most 16, got 17"):
        synthesise([Part(False, 0, 90, ())] * 17, "timgm6mb", RATE_HZ, 100)


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
    bands = [plan for plan in many_plans if plan.production.ensemble == "band" and plan.work.is_tune][::100]
    for plan in bands:
        players = play_clip(plan, read_score(plan.work), many)
        touch = plan.production.touch
        parts = balanced_parts(players, many.soundfont, touch)
        played = [synthesise([part], many.soundfont, RATE_HZ, 8 * RATE_HZ) for part in parts]
        stems = [touched(stem, touch, RATE_HZ) for stem in played]
        levels_db = np.array([level_db(stem) for stem in stems])
        # Levels are estimates: parts may miss theirs by some 6 dB, of a range from -9 to +1 dB.
        assert levels_db[1:].min() - levels_db[0] > -15
        assert levels_db[1:].max() - levels_db[0] < 7
