"""From parts to samples: the soundfonts, the synthesiser, and how loud a part will be."""

import functools
import importlib.util
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tinysoundfont

from clmr.corpora.rendered.parts import Part, TimedNote
from clmr.corpora.rendered.touch import touched
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
    """File of a soundfont inside the installed package that brings it.

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
    """The first T mono samples of parts played together, float32, shape (T,).

    Does not depend on what was rendered before. There is no reverberation or any other effect: room and colour
    are added afterwards, with known parameters (``colouring``).

    Args:
        parts: The parts, each of which gets a separate channel.
        soundfont: Name of an installed soundfont.
        sample_rate_hz: Rate of the result.
        n_samples: T; longer notes are cut.

    Raises:
        ValueError: If there are more parts than the synthesiser has channels.
        RuntimeError: If the soundfont lacks a program.

    >>> synthesise([], "timgm6mb", 8_000, 100).shape
    (100,)
    """
    require(len(parts) <= _N_CHANNELS, "the number of parts", len(parts), f"at most {_N_CHANNELS}")
    synth, font = _synthesiser(soundfont, sample_rate_hz)
    _silence(synth, font)
    for channel, part in enumerate(parts):
        synth.program_select(channel, font, _KIT_BANK if part.is_kit else 0, part.program, part.is_kit)
        synth.control_change(channel, _VOLUME_CONTROL, part.volume)
    # Rendered from event to event, so that every note begins at its own sample, not at that of a block.
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
    # Not stereo.mean(axis=1): the same values, thirty times as slowly.
    return (stereo[:, 0] + stereo[:, 1]) / 2


def _events(parts: Sequence[Part], sample_rate_hz: int) -> list[tuple[int, int, int, int]]:
    """Sample, velocity (0 for a release), channel and pitch of all beginnings and endings of notes, in time order."""
    events = []
    for channel, part in enumerate(parts):
        for note in part.notes:
            on = round(note.onset_s * sample_rate_hz)
            # At least one sample later, or the release would sort before its note and release nothing.
            off = max(on + 1, round((note.onset_s + note.length_s) * sample_rate_hz))
            events += [(on, note.velocity, channel, note.pitch), (off, 0, channel, note.pitch)]
    # At one sample, endings sort before beginnings: a repeated note must not be cut by its predecessor.
    return sorted(events)


def _next_samples(synth: tinysoundfont.Synth, n_samples: int) -> np.ndarray:
    """Samples of both ears, shape (n_samples, 2)."""
    return np.frombuffer(synth.generate(n_samples), dtype=np.float32).reshape(-1, 2)


def _silence(synth: tinysoundfont.Synth, font: int) -> None:
    """Let everything that still sounds from an earlier rendering die away."""
    # What still rings after sounds_off would be heard at the start of the next clip.
    for channel in range(_N_CHANNELS):
        synth.program_select(channel, font, 0, 0)
        synth.sounds_off(channel)
    while _next_samples(synth, _SILENCING_SAMPLES).any():
        pass


@functools.lru_cache(maxsize=4)
def _synthesiser(soundfont: str, sample_rate_hz: int) -> tuple[tinysoundfont.Synth, int]:
    # Kept, since reading a soundfont takes a quarter of the time of rendering a clip.
    synth = tinysoundfont.Synth(samplerate=sample_rate_hz)
    return synth, synth.sfload(str(soundfont_path(soundfont)))


def stem_level_db(
    soundfont: str, is_kit: bool, program: int, probe_pitch: int, touch: str, notes: Iterable[TimedNote]
) -> float:
    """Estimated A-weighted level of a part played at the reference volume, in dB re an arbitrary level.

    Programs of a soundfont differ by over 20 dB, and so do struck and held notes, single notes and
    chords. Parts are balanced by these estimates, since a tagged instrument could otherwise be drowned
    out. The estimates add up the energies of the notes, measured once per program; rendering every part
    by itself would take several times as long as the clip.

    Args:
        soundfont: Name of the soundfont.
        is_kit: Whether the program is a drum kit, in which each drum is measured separately.
        program: General MIDI program.
        probe_pitch: Pitch at which a pitched program is measured.
        touch: Touch of the player, whose filter takes more from some programs than from others.
        notes: The notes of the part.
    """
    energy = _SILENT_ENERGY
    for note in notes:
        curve = _energy_curve(soundfont, is_kit, program, note.pitch if is_kit else probe_pitch, touch)
        step = min(len(curve) - 1, int((note.length_s + _RELEASE_S) / _PROBE_STEP_S))
        # A drum rings out whatever the length of its note; amplitude is proportional to velocity.
        reached = curve[-1] if is_kit else curve[step]
        energy += reached * (note.velocity / _REFERENCE_VELOCITY) ** 2
    return 10 * math.log10(energy)


@functools.cache
def _energy_curve(soundfont: str, is_kit: bool, program: int, pitch: int, touch: str) -> np.ndarray:
    """A-weighted energy of one note from its onset up to each step, shape (steps,)."""
    part = Part(is_kit, program, _REFERENCE_VOLUME, (TimedNote(0.0, _PROBE_S, pitch, _REFERENCE_VELOCITY),))
    samples = synthesise([part], soundfont, _PROBE_RATE_HZ, round(_PROBE_S * _PROBE_RATE_HZ))
    step = round(_PROBE_STEP_S * _PROBE_RATE_HZ)
    heard = a_weighted(touched(samples, touch, _PROBE_RATE_HZ), _PROBE_RATE_HZ)
    energies = np.square(heard[: len(heard) // step * step])
    return np.cumsum(energies.reshape(-1, step).sum(axis=1)) + _SILENT_ENERGY


def a_weighted(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """``samples`` filtered by the A-weighting of IEC 61672, without its phase shift; shape (T,).

    >>> a_weighted(np.ones(8), 8_000).shape
    (8,)
    """
    squared = np.fft.rfftfreq(len(samples), 1 / sample_rate_hz) ** 2
    numerator = 1.2589 * 12194.0**2 * squared**2
    low = (squared + 20.6**2) * np.sqrt((squared + 107.7**2) * (squared + 737.9**2))
    return np.fft.irfft(np.fft.rfft(samples) * numerator / (low * (squared + 12194.0**2)), len(samples))
