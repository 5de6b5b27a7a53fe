"""Decoding: every format gives the same tone, and what cannot be right is said."""

import os
import re
import struct
import sys

import numpy as np
import pytest
import soundfile
import soxr

from clmr.corpora import decode
from clmr.corpora.decode import decode_mono, decode_to
from tests.corpora.audio import RATE_HZ, mp3, nobody, tone, write

FORMATS = [
    ("float64.wav", "WAV", "DOUBLE", 44_100, 1), ("pcm24.wav", "WAV", "PCM_24", 48_000, 2),
    ("pcm_u8.wav", "WAV", "PCM_U8", 22_050, 1), ("seven.wav", "WAVEX", "PCM_16", 48_000, 7),
    ("hi_rate.wav", "WAV", "PCM_24", 192_000, 2), ("big_endian.aiff", "AIFF", "PCM_16", 44_100, 2),
    ("flac24.flac", "FLAC", "PCM_24", 96_000, 2), ("vorbis.ogg", "OGG", "VORBIS", 44_100, 2),
    ("opus.opus", "OGG", "OPUS", 48_000, 1), ("mpeg.mp3", "MP3", "MPEG_LAYER_III", 16_000, 1),
    ("-rf name\n é.wav", "WAV", "PCM_16", 11_127, 1), ("samples.raw", "WAV", "PCM_16", 22_050, 1),
]  # fmt: skip


def notes_of(path):
    return decode_to(path, RATE_HZ, lambda chunk: None).notes


@pytest.mark.parametrize(("name", "fmt", "subtype", "rate_hz", "channels"), FORMATS, ids=lambda value: str(value)[:12])
def test_every_format_gives_the_same_tone(name, fmt, subtype, rate_hz, channels, tmp_path):
    audio = np.repeat(tone(rate_hz=rate_hz)[:, None], channels, axis=1)
    found = decode_mono(write(tmp_path / name, audio, rate_hz, format=fmt, subtype=subtype), RATE_HZ)
    middle = found[2_000:42_000].astype(float)
    peak_hz = np.abs(np.fft.rfft(middle)).argmax() * RATE_HZ / len(middle)
    assert abs(peak_hz - 440) < 2
    assert abs(len(found) / RATE_HZ - 2) < 0.12
    assert notes_of(tmp_path / name) == ()


def test_a_long_file_passes_in_blocks_with_the_same_result(tmp_path, monkeypatch):
    path = write(tmp_path / "long.wav", tone(10, 44_100), 44_100)
    whole = decode_mono(path, RATE_HZ)
    audio, rate_hz = soundfile.read(path, dtype="float32")
    assert (whole == decode.to_int16(soxr.resample(audio, rate_hz, RATE_HZ, quality="HQ"))).all()
    monkeypatch.setattr(decode, "WHOLE_FRAMES", 1_000)
    monkeypatch.setattr("clmr.corpora.audio_files._BLOCK_VALUES", 30_000)
    in_blocks = decode_mono(path, RATE_HZ)
    assert len(in_blocks) == len(whole)
    # One step of 16 bits: a sum in another order may round to the other side.
    assert np.abs(in_blocks.astype(int) - whole).max() <= 1


@pytest.mark.parametrize(
    ("stated", "said"),
    [(0, "was never completed"), (0xFFFFFFFF, None), (10_000_000, "is cut off: its header promises 10000000 bytes")],
)
def test_a_wav_header_that_lies_is_noticed_and_all_is_read(stated, said, tmp_path):
    data = write(tmp_path / "whole.wav", subtype="PCM_16").read_bytes()
    at = data.index(b"data") + 4
    lying = tmp_path / "lying.wav"
    lying.write_bytes(data[:at] + struct.pack("<I", stated) + data[at + 4 :])
    assert len(decode_mono(lying, RATE_HZ)) == 2 * RATE_HZ
    assert [said in note for note in notes_of(lying)] == ([True] if said else [])


def lying_length(data: bytes, factor: float) -> bytes:
    at = max(data.find(b"Xing"), data.find(b"Info"))
    (count,) = struct.unpack(">I", data[at + 8 : at + 12])
    return data[: at + 8] + struct.pack(">I", int(count * factor)) + data[at + 12 :]


NOISE = np.random.default_rng(1).integers(0, 255, 3_000, dtype=np.uint8).tobytes()
MP3_DAMAGES = {
    "junk_first": (lambda data: b"\0" * 70_000 + data, 3, "begins with what is no MP3"),
    "half": (lambda data: data[: len(data) // 2 + 77], 1.5, "states a length of 3.0 s, and its frames last 1."),
    "garbage_inside": (lambda data: data[: len(data) // 2] + NOISE + data[len(data) // 2 :], 3, "that are no audio"),
    "joined": (lambda data: data + data, 6, "states a length of 3.0 s, and its frames last 6."),
    "too_long": (lambda data: lying_length(data, 1000), 3, "its frames last 3."),
    "too_short": (lambda data: lying_length(data, 0.25), 3, "its frames last 3."),
    "tag_last": (lambda data: data + b"TAG" + b"x" * 125, 3, None),
}


@pytest.mark.parametrize("damage", MP3_DAMAGES)
def test_what_is_audible_of_an_mp3_is_decoded_and_the_rest_said(damage, tmp_path):
    change, seconds, said = MP3_DAMAGES[damage]
    path = tmp_path / "damaged.mp3"
    path.write_bytes(change(mp3(tmp_path)))
    assert abs(len(decode_mono(path, RATE_HZ)) / RATE_HZ - seconds) < 0.3
    assert [said in note for note in notes_of(path)] == ([True] if said else [])


def test_a_flac_that_is_cut_is_read_as_far_as_it_goes(tmp_path):
    path = write(tmp_path / "cut.flac", tone(10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 3 < len(decode_mono(path, RATE_HZ)) / RATE_HZ < 7
    assert any("is cut off" in note or "is damaged" in note for note in notes_of(path))


@pytest.mark.parametrize("kind", ["AIFF", "AU", "W64", "RF64", "WAV"])
def test_audio_that_ends_before_its_header_says_is_read_and_noted(kind, tmp_path):
    path = write(tmp_path / f"cut.{kind.lower()}", tone(8), format=kind)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert abs(len(decode_mono(path, RATE_HZ)) / RATE_HZ - 4) < 0.1
    (note,) = notes_of(path)
    assert note.startswith("is cut off: its header promises")


@pytest.mark.parametrize("suffix", ["au", "snd", "raw", "vox", "gsm"])
def test_what_has_no_header_is_no_audio_whatever_its_name(suffix, tmp_path):
    (tmp_path / f"song.{suffix}").write_bytes(b"this is not audio\n" * 3_000)
    with pytest.raises(ValueError, match=r"cannot be decoded \(Format not recognised"):
        decode_mono(tmp_path / f"song.{suffix}", RATE_HZ)


CONTENTS = {
    "": "is empty",
    "not audio\n" * 50: r"cannot be decoded \(Format not recognised",
    "<!DOCTYPE html><html>Not found</html>": r"is a web page \(HTML\), as servers send in place of a file",
    "MAC \x96" + "\0" * 400: "Monkey's Audio",
    "PK\x03\x04" + "\0" * 400: "is a ZIP archive, not audio",
    "ID3\x04\0\0\0\0\0\x10" + "\0" * 100: "cannot be decoded",
}


@pytest.mark.parametrize("text", CONTENTS)
def test_files_without_audio_give_a_reason(text, tmp_path):
    (tmp_path / "song.mp3").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=CONTENTS[text]):
        decode_mono(tmp_path / "song.mp3", RATE_HZ)


def test_without_pyav_the_reason_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + b"\0" * 4_000)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"is MP4 audio \(M4A: AAC or ALAC\); pip install 'clmr\[formats\]'"):
        decode_mono(tmp_path / "song.m4a", RATE_HZ)


def encoded(path, codec, container_format, seconds):
    """Write a tone as PyAV encodes it."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=44_100, layout="stereo")
        stream.bit_rate = 128_000
        audio = np.stack([tone(seconds, 44_100)] * 2)
        for start in range(0, audio.shape[1], 2_048):
            part = np.ascontiguousarray(audio[:, start : start + 2_048])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44_100, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("name", "codec", "kind"), [("song.m4a", "aac", "mp4"), ("song.wma", "wmav2", "asf")])
def test_with_pyav_aac_and_wma_are_read(name, codec, kind, tmp_path):
    found = decode_mono(encoded(tmp_path / name, codec, kind, 2), RATE_HZ)
    assert notes_of(tmp_path / name) == ()
    middle = found[2_000:40_000].astype(float)
    assert abs(len(found) / RATE_HZ - 2) < 0.15
    assert abs(np.abs(np.fft.rfft(middle)).argmax() * RATE_HZ / len(middle) - 440) < 2


def test_with_pyav_a_file_that_is_cut_is_noted(tmp_path):
    path = encoded(tmp_path / "song.mka", "aac", "matroska", 8)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 2 < len(decode_mono(path, RATE_HZ)) / RATE_HZ < 6
    assert any("is cut off" in note or "is damaged" in note for note in notes_of(path))


def test_what_is_no_file_gives_a_reason(tmp_path):
    write(tmp_path / "Sub" / "Café.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "annexed.wav").symlink_to(".git/annex/song.wav")
    reasons = {
        "annexed.wav": "is a link to .git/annex/song.wav, which does not exist$",
        "missing.wav": "does not exist$",
        "folder.wav": "is a folder",
        "sub\\Cafe\u0301.WAV": "does not exist; 'Café.wav' does, and differs in case, in slashes or in its form",
    }
    for name, reason in reasons.items():
        with pytest.raises(ValueError, match=reason):
            decode_mono(tmp_path / name, RATE_HZ)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        decode_mono(tmp_path / "pipe.wav", RATE_HZ)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such permissions there")
def test_a_file_without_permission_gives_a_reason(public_folder):
    path = write(public_folder / "secret.wav")
    path.chmod(0)
    with nobody(), pytest.raises(ValueError, match=r"cannot be read \(Permission denied\)"):
        decode_mono(path, RATE_HZ)


LEFT = tone()
UNUSABLE = {
    "integers": (LEFT * 32_768, r"floating-point samples up to 1\d{4}.*, as if they were integers"),
    "antiphase": (np.stack([LEFT, -LEFT], axis=1), "silent once mixed down, as its channels cancel each other"),
    "silent": (np.zeros_like(LEFT), "is silent$"),
    "nan": (np.where(np.arange(len(LEFT)) == 9, np.nan, LEFT), "not finite"),
    "infinite": (np.where(np.arange(len(LEFT)) == 9, np.inf, LEFT), "not finite"),
    "empty": (LEFT[:0], "holds no samples"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_signals_of_which_nothing_would_be_left_are_refused(kind, tmp_path):
    audio, reason = UNUSABLE[kind]
    with pytest.raises(ValueError, match=reason):
        decode_mono(write(tmp_path / "x.wav", audio, subtype="FLOAT"), RATE_HZ)


def test_a_rate_that_no_audio_has_is_refused(tmp_path):
    with pytest.raises(ValueError, match="sample rate of 1 Hz"):
        decode_mono(write(tmp_path / "x.wav", LEFT[:100], 1), RATE_HZ)


SUSPECT = {
    "clipped": (np.clip(LEFT * 20, -1, 1), "at full scale in .* of its samples"),
    "nearly_antiphase": (np.stack([LEFT, -0.98 * LEFT], axis=1), "loses 40 dB by mixing down, as its channels cancel"),
}


@pytest.mark.parametrize("kind", [*SUSPECT, "good"])
def test_signals_that_cannot_be_right_are_used_and_noted(kind, tmp_path):
    audio, note = SUSPECT.get(kind, (np.stack([LEFT, tone(seed=1, hz=333)], axis=1), ""))
    found = notes_of(write(tmp_path / "x.wav", audio, subtype="FLOAT"))
    assert [bool(re.search(note, text)) for text in found] == [True] * (kind != "good")
