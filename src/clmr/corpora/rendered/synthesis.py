"""From MIDI bytes to samples: the soundfonts, their levels, and resampling."""

import functools
import importlib.util
import io
import math
from collections.abc import Iterable
from pathlib import Path

import midirenderer
import numpy as np
import soundfile
import soxr

from clmr.corpora.rendered.midi import DRUM_CHANNEL, MidiTrack, TimedNote, midi_bytes

_SOUNDFONT_FILES = {
    "timgm6mb": ("pretty_midi", "TimGM6mb.sf2"),
    "merlin": ("scamp", "soundfonts/Merlin.sf2"),
}
_REFERENCE_VOLUME = 80
_REFERENCE_VELOCITY = 90
_PROBE_RATE_HZ = 22050
_PROBE_S = 4.0
_PROBE_STEP_S = 0.02
_RELEASE_S = 0.1
_SILENT_ENERGY = 1e-12


def soundfont_path(name: str) -> Path:
    """Where the soundfont lies inside the installed package that brings it.

    Raises:
        FileNotFoundError: If the package is not installed or lacks the file.
    """
    package, file = _SOUNDFONT_FILES[name]
    spec = importlib.util.find_spec(package)
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / file
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"soundfont {name}: {file} not found; it comes with the package {package}: pip install {package}"
        )
    return path


def synthesise(midi: bytes, soundfont: str, sample_rate_hz: int) -> np.ndarray:
    """Mono samples of a MIDI file, float32, shape (T,), as long as the music and its last release."""
    wave = midirenderer.render_wave_from(_soundfont_bytes(soundfont), midi)
    stereo, rendered_rate_hz = soundfile.read(io.BytesIO(wave), dtype="float32")
    return soxr.resample(stereo.mean(axis=1), rendered_rate_hz, sample_rate_hz, quality="HQ")


def stem_level_db(soundfont: str, is_kit: bool, program: int, probe_pitch: int, notes: Iterable[TimedNote]) -> float:
    """Estimated level of a part played at the reference volume, weighted as the ear does, in arbitrary dB.

    Programs of a soundfont differ by over 20 dB, and so do struck and held notes, single notes and
    chords. Parts are balanced by these estimates, or a tagged instrument could be drowned. They add
    up the energies of the notes, measured once per program; rendering every part alone would take
    several times as long as the clip itself.

    Args:
        soundfont: Name of the soundfont.
        is_kit: Whether the program is a drum kit, in which each drum is measured by itself.
        program: General MIDI program.
        probe_pitch: Pitch at which a pitched program is measured.
        notes: What is played.
    """
    energy = _SILENT_ENERGY
    for note in notes:
        curve = _energy_curve(soundfont, is_kit, program, note.pitch if is_kit else probe_pitch)
        step = min(len(curve) - 1, int((note.length_s + _RELEASE_S) / _PROBE_STEP_S))
        # A drum rings out whatever its length; amplitude goes with the square of the velocity.
        reached = curve[-1] if is_kit else curve[step]
        energy += reached * (note.velocity / _REFERENCE_VELOCITY) ** 4
    return 10 * math.log10(energy)


@functools.cache
def _energy_curve(soundfont: str, is_kit: bool, program: int, pitch: int) -> np.ndarray:
    """A-weighted energy of one note up to each step after its onset, shape (steps,)."""
    note = TimedNote(0.0, _PROBE_S, pitch, _REFERENCE_VELOCITY)
    midi = midi_bytes([MidiTrack(DRUM_CHANNEL if is_kit else 0, program, _REFERENCE_VOLUME, 64, (note,))])
    samples = np.zeros(round(_PROBE_S * _PROBE_RATE_HZ))
    rendered = synthesise(midi, soundfont, _PROBE_RATE_HZ)[: len(samples)]
    samples[: len(rendered)] = rendered
    step = round(_PROBE_STEP_S * _PROBE_RATE_HZ)
    energies = np.square(a_weighted(samples, _PROBE_RATE_HZ)[: len(samples) // step * step])
    return np.cumsum(energies.reshape(-1, step).sum(axis=1)) + _SILENT_ENERGY


def a_weighted(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """``samples`` filtered by the A-weighting of IEC 61672, without its phase; shape (T,)."""
    squared = np.fft.rfftfreq(len(samples), 1 / sample_rate_hz) ** 2
    numerator = 1.2589 * 12194.0**2 * squared**2
    low = (squared + 20.6**2) * np.sqrt((squared + 107.7**2) * (squared + 737.9**2))
    return np.fft.irfft(np.fft.rfft(samples) * numerator / (low * (squared + 12194.0**2)), len(samples))


@functools.lru_cache(maxsize=2)
def _soundfont_bytes(name: str) -> bytes:
    return soundfont_path(name).read_bytes()
