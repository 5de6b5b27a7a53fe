"""Claim: one core decodes compressed audio a hundred times as fast as it plays."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import CheckError
from benchmarks.timing import repeated_s
from benchmarks.workloads import synthetic_audio
from clmr.compute.runtime import device as chosen_device
from clmr.corpora.decode import decode_mono

_FORMATS = {"MP3": "mp3", "FLAC": "flac", "OGG": "ogg"}


@dataclass(frozen=True)
class DecodingSize:
    """What is decoded.

    Attributes:
        source_hz: Sample rate of the files.
        target_hz: Sample rate of the store.
        duration_s: Length of each file.
        n_repeats: Timed runs.
    """

    source_hz: int
    target_hz: int
    duration_s: int
    n_repeats: int


def measure(quick: bool) -> Benchmark:
    """Decode a file of each format in this process, from opening it to 16-bit samples at the store's rate."""
    size = DecodingSize(16_000, 8_000, 2 if quick else 60, 2 if quick else 5)
    with TemporaryDirectory() as folder:
        files = {name: _written(Path(folder, f"tone.{suffix}"), name, size) for name, suffix in _FORMATS.items()}
        repeats_s = {name: _repeats_s(file, size) for name, file in files.items()}
    speeds = {name: size.duration_s / min(times) for name, times in repeats_s.items()}
    return Benchmark(
        name="decoding",
        claim="One core decodes a 16 kHz MP3 a hundred times as fast as it plays.",
        unit="s of audio per s",
        ours=speeds["MP3"],
        peers={"real time": 1.0},
        goal=Goal(100.0, ">= 100x real time"),
        notes=(
            f"One process, mono files of {size.duration_s} s at {size.source_hz} Hz, decoded to {size.target_hz} Hz, "
            f"with all checks of the signal.",
        ),
        repeats_s=repeats_s,
        details={"by_format": {name: round(speed, 1) for name, speed in speeds.items()}},
    )


def _written(file: Path, kind: str, size: DecodingSize) -> Path:
    audio = synthetic_audio(1, size.duration_s * size.source_hz, size.source_hz)
    soundfile.write(file, audio[0].flatten().numpy(), size.source_hz, format=kind)
    return file


def _repeats_s(file: Path, size: DecodingSize) -> list[float]:
    found_s = len(decode_mono(file, size.target_hz)) / size.target_hz
    if abs(found_s - size.duration_s) > 0.2:
        raise CheckError(f"{file.name}: decoded {found_s:.2f} s, expected {size.duration_s} s")
    return repeated_s(lambda: decode_mono(file, size.target_hz), size.n_repeats, chosen_device())
