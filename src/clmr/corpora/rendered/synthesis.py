"""From parts to samples: the soundfonts, the synthesiser, and how loud a part will be."""

import functools
import importlib.util
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tinysoundfont

from clmr.corpora.rendered.parts import Part, TimedNote
from clmr.storage.strict import require

_SOUNDFONT_FILES = {
    "timgm6mb": ("pretty_midi", "TimGM6mb.sf2"),
    "merlin": ("scamp", "soundfonts/Merlin.sf2"),
}
_N_CHANNELS = 16
_KIT_BANK = 128
_VOLUME_CONTROL = 7
_SILENCING_SAMPLES = 512
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


def synthesise(parts: Sequence[Part], soundfont: str, sample_rate_hz: int, n_samples: int) -> np.ndarray:
    """The first ``n_samples`` mono samples of parts played together, float32, shape (n_samples,).

    The same whatever was rendered before; without reverberation or any other effect.

    Args:
        parts: What is played; each gets a channel of its own.
        soundfont: Name of an installed one.
        sample_rate_hz: Rate of the result.
        n_samples: Length of the result; notes that go on longer are cut.

    Raises:
        ValueError: If there are more parts than the synthesiser has channels.
        RuntimeError: If the soundfont lacks a program.
    """
    require(len(parts) <= _N_CHANNELS, "the number of parts", len(parts), f"at most {_N_CHANNELS}")
    synth, font = _synthesiser(soundfont, sample_rate_hz)
    _silence(synth, font)
    for channel, part in enumerate(parts):
        synth.program_select(channel, font, _KIT_BANK if part.is_kit else 0, part.program, part.is_kit)
        synth.control_change(channel, _VOLUME_CONTROL, part.volume)
    stereo, now = np.empty((n_samples, 2), dtype=np.float32), 0
    for when, velocity, channel, pitch in _events(parts, sample_rate_hz):
        upto = min(when, n_samples)
        stereo[now:upto] = _next_samples(synth, upto - now)
        now = upto
        if velocity:
            synth.noteon(channel, pitch, velocity)
        else:
            synth.noteoff(channel, pitch)
    stereo[now:] = _next_samples(synth, n_samples - now)
    return stereo.mean(axis=1)


def _events(parts: Sequence[Part], sample_rate_hz: int) -> list[tuple[int, int, int, int]]:
    """Sample, velocity (0: let go), channel and pitch of all beginnings and endings, in order of time."""
    events = []
    for channel, part in enumerate(parts):
        for note in part.notes:
            on = round(note.onset_s * sample_rate_hz)
            off = max(on + 1, round((note.onset_s + note.length_s) * sample_rate_hz))
            events += [(on, note.velocity, channel, note.pitch), (off, 0, channel, note.pitch)]
    # At one sample, endings sort before beginnings: a repeated note must not be cut by its predecessor.
    return sorted(events)


def _next_samples(synth: tinysoundfont.Synth, n_samples: int) -> np.ndarray:
    """Samples of both ears, shape (n_samples, 2)."""
    return np.frombuffer(synth.generate(n_samples), dtype=np.float32).reshape(-1, 2)


def _silence(synth: tinysoundfont.Synth, font: int) -> None:
    """Let everything that still sounds from an earlier rendering die away."""
    for channel in range(_N_CHANNELS):
        synth.program_select(channel, font, 0, 0)
        synth.sounds_off(channel)
    while _next_samples(synth, _SILENCING_SAMPLES).any():
        pass


@functools.lru_cache(maxsize=4)
def _synthesiser(soundfont: str, sample_rate_hz: int) -> tuple[tinysoundfont.Synth, int]:
    # Reading a soundfont takes a quarter of the time of rendering a clip.
    synth = tinysoundfont.Synth(samplerate=sample_rate_hz)
    return synth, synth.sfload(str(soundfont_path(soundfont)))


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
        # A drum rings out whatever its length; amplitude goes with the velocity.
        reached = curve[-1] if is_kit else curve[step]
        energy += reached * (note.velocity / _REFERENCE_VELOCITY) ** 2
    return 10 * math.log10(energy)


@functools.cache
def _energy_curve(soundfont: str, is_kit: bool, program: int, pitch: int) -> np.ndarray:
    """A-weighted energy of one note up to each step after its onset, shape (steps,)."""
    part = Part(is_kit, program, _REFERENCE_VOLUME, (TimedNote(0.0, _PROBE_S, pitch, _REFERENCE_VELOCITY),))
    samples = synthesise([part], soundfont, _PROBE_RATE_HZ, round(_PROBE_S * _PROBE_RATE_HZ))
    step = round(_PROBE_STEP_S * _PROBE_RATE_HZ)
    energies = np.square(a_weighted(samples, _PROBE_RATE_HZ)[: len(samples) // step * step])
    return np.cumsum(energies.reshape(-1, step).sum(axis=1)) + _SILENT_ENERGY


def a_weighted(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """``samples`` filtered by the A-weighting of IEC 61672, without its phase; shape (T,).

    >>> a_weighted(np.ones(8), 8_000).shape
    (8,)
    """
    squared = np.fft.rfftfreq(len(samples), 1 / sample_rate_hz) ** 2
    numerator = 1.2589 * 12194.0**2 * squared**2
    low = (squared + 20.6**2) * np.sqrt((squared + 107.7**2) * (squared + 737.9**2))
    return np.fft.irfft(np.fft.rfft(samples) * numerator / (low * (squared + 12194.0**2)), len(samples))
