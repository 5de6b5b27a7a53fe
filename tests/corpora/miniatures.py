"""Miniatures of the published data sets in their real formats: what a server has, and what a user brings."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from clmr.corpora import billboard, fma, gtzan, magnatagatune, million_song
from clmr.corpora.declaration import RemoteFile
from clmr.corpora.published import PublishedCorpus
from clmr.storage import paths
from clmr.storage.yaml_files import read_yaml
from tests.corpora.serving import Server

TAGS_OF_THESIS = read_yaml(Path(__file__).parents[2] / "references" / "thesis.yaml")["tags"]
SECONDS = 3.5
SPLITS = ("train",) * 6 + ("valid",) * 3 + ("test",) * 3
N_CLIPS = 2 * len(SPLITS)


@dataclass(frozen=True)
class Miniature:
    """A small data set.

    Attributes:
        params: Parameters of the corpus.
        module: Its module, whose ``declaration`` is replaced.
        served: Content by name of what a server has; archives whole.
        brought: Content by path within the sources of what the user brings.
        changes: What the declaration has in place of the published values.
    """

    params: PublishedCorpus
    module: object
    served: Mapping[str, bytes]
    brought: Mapping[str, bytes]
    changes: Mapping[str, object]


@cache
def encoded(number: int, kind: str) -> bytes:
    """A tone with overtones, high for odd numbers, as a file of a real codec."""
    rate = 16_000
    time = np.arange(round(SECONDS * rate)) / rate
    noise = np.random.default_rng(number).standard_normal(len(time))
    pitch_hz = (1_400 if number % 2 else 220) * (1 + number / 100)
    audio = 0.3 * np.sin(2 * np.pi * pitch_hz * time) + 0.02 * noise
    stream = io.BytesIO()
    soundfile.write(stream, audio, rate, format=kind)
    return stream.getvalue()


def zip_of(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def magnatagatune_miniature() -> Miniature:
    """Two clips of each track; quotes and tabs as published, more tags than are used, one clip with none of them."""
    folders = {"train": "0b", "valid": "c", "test": "df"}
    paths_of = [
        f"{folders[split][track % len(folders[split])]}/artist-album-{track:02d}-song_{track}-{start}-{start + 29}.mp3"
        for track, split in enumerate(SPLITS)
        for start in (0, 30)
    ]
    # Not in the order in which they are used.
    names = ["no piano", *sorted(magnatagatune.THESIS_TAGS), "zither"]
    rows = []
    for number, path in enumerate(paths_of):
        tags = {name: 0 for name in names}
        tags |= {"zither": 1} if number == 0 else {"guitar": 1 - number % 2, "techno": number % 2, "zither": 1}
        rows.append({"clip_id": number + 2} | tags | {"mp3_path": path})
    table = pd.DataFrame(rows)
    audio = {path: encoded(number, "MP3") for number, path in enumerate(paths_of)}
    audio[paths_of[1]] = b""
    served = {
        "annotations_final.csv": table.to_csv(
            sep="\t", index=False, quoting=csv.QUOTE_ALL, lineterminator="\n"
        ).encode(),
        "mp3.zip": zip_of(audio),
    }
    changes = {"counts": {"train": 12, "valid": 6, "test": 6}, "left_out": {"3": "its file is empty"}}
    params = magnatagatune.MagnaTagATuneParams("magnatagatune", clips="all", tag_order="thesis")
    return Miniature(params, magnatagatune, served, {}, changes)


def million_song_miniature() -> Miniature:
    """Previews by their id, all but one, which nobody has."""
    lists: dict[str, list[str]] = {name: [] for name in million_song.LISTS.values()}
    brought = {}
    for number in range(N_CLIPS):
        split, clip_id = SPLITS[number // 2], f"TR{chr(65 + number)}ABCD128F9{number:06d}"[:18]
        vector = [1 - number % 2, number % 2, *([0] * 48)]
        lists[million_song.LISTS[split]].append(f"{clip_id}\t{json.dumps(vector)}\n")
        place = f"audio/{clip_id[2]}/{clip_id[3]}/{clip_id[4]}/{clip_id}.mp3"
        if number != 5:
            brought[place] = encoded(number, "MP3")
    served = {name: "".join(lines).encode() for name, lines in lists.items()}
    params = million_song.MillionSongParams("million_song")
    return Miniature(params, million_song, served, brought, {"counts": {"train": 12, "valid": 6, "test": 6}})


def fma_miniature() -> Miniature:
    """Two lines of heads and one with the index's name, several genres, tracks of larger sizes, and a bad track."""
    split_names = {new: old for old, new in fma.SPLIT_NAMES.items()}
    rows, audio = {}, {}
    for number in range(N_CLIPS):
        track, split = 2 + 7 * number, SPLITS[number // 2]
        rows[track] = (
            str(number // 2),
            split_names[split],
            "small" if number % 3 else "medium",
            f"[{10 + number % 2}]",
        )
        audio[f"fma_medium/{track // 1000:03d}/{track:06d}.mp3"] = encoded(number, "MP3")
    rows[99_134] = ("77", "training", "small", "[12, 10]")
    rows[100_000] = ("78", "training", "large", "[11]")
    audio["fma_medium/checksums"] = b"..."
    columns = [("artist", "id"), ("set", "split"), ("set", "subset"), ("track", "genres_all")]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=pd.MultiIndex.from_tuples(columns))
    table[("track", "title")] = 'A "title", with\na line break'
    table.index.name = "track_id"
    genres = "genre_id,#tracks,parent,title,top_level\n10,5,0,Rock,10\n11,5,0,Hip-Hop,11\n12,1,10,Shoe-Gaze,10\n"
    metadata = {"fma_metadata/tracks.csv": table.to_csv().encode(), "fma_metadata/genres.csv": genres.encode()}
    served = {"fma_metadata.zip": zip_of(metadata), "fma_medium.zip": zip_of(audio)}
    params = fma.FMAParams("fma", subset="medium", genres="top")
    return Miniature(params, fma, served, {}, {"counts": {"all": N_CLIPS + 1}})


def gtzan_miniature() -> Miniature:
    """A few of the published names of each split."""
    brought = {}
    for split, n in (("train", 12), ("valid", 6), ("test", 6)):
        names = gtzan.split_lists()[split]
        for number, name in enumerate(names[:: len(names) // n][:n]):
            kind = ("WAV", "AU")[number % 2]
            brought[f"genres/{name.partition('.')[0]}/{name}.{kind.lower()}"] = encoded(number, kind)
    return Miniature(gtzan.GTZANParams("gtzan"), gtzan, {}, brought, {})


def billboard_miniature() -> Miniature:
    """A song that was in the charts twice, slots whose song is withheld, files of several kinds."""
    head = "id,chart_date,target_rank,actual_rank,title,artist,peak_rank,weeks_on_chart\n"
    lines = [
        f'{number},1961-07-03,{number},{number},"Song {number}, a",Singer {number % 5},1,9\n' for number in range(1, 20)
    ]
    lines += ['21,1962-07-03,1,1,"SONG 3, a",Singer 3,1,9\n', "22,1963-01-01,1,,,,,\n"]
    kinds = {0: "FLAC", 1: "OGG", 2: "MP3"}
    brought = {
        f"audio/{number:04d}.{kinds[number % 3].lower()}": encoded(number, kinds[number % 3])
        for number in (*range(1, 15), 21)
    }
    served = {"billboard-2.0-index.csv": (head + "".join(lines)).encode()}
    return Miniature(billboard.BillboardParams("billboard"), billboard, served, brought, {})


MINIATURES: dict[str, Callable[[], Miniature]] = {
    "magnatagatune": magnatagatune_miniature,
    "million_song": million_song_miniature,
    "fma": fma_miniature,
    "gtzan": gtzan_miniature,
    "billboard": billboard_miniature,
}


def install(
    kind: str, server: Server, monkeypatch: pytest.MonkeyPatch, behaviours: tuple[str, ...] = ("good",)
) -> Miniature:
    """A miniature, declared in place of the real data set, its files on the server and in the sources."""
    made = MINIATURES[kind]()
    for name, content in made.brought.items():
        file = paths.sources_dir(kind) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    published = made.params.declaration()
    declared = replace(
        published,
        files=tuple(_served(file, made.served[file.name], server, behaviours) for file in published.files),
        archives=tuple(
            replace(
                archive,
                parts=tuple(
                    _served(part, content, server, behaviours)
                    for part, content in zip(archive.parts, _parts(archive.parts, made.served), strict=True)
                ),
                unpacked_bytes=3_000_000,
            )
            for archive in published.archives
        ),
        **made.changes,
    )
    monkeypatch.setattr(made.module, "declaration", lambda *_: declared)
    return made


def _parts(parts: tuple[RemoteFile, ...], served: Mapping[str, bytes]) -> list[bytes]:
    """The content of each part; an archive in parts is cut."""
    if len(parts) == 1:
        return [served[parts[0].name]]
    whole = served[parts[0].name.rpartition(".")[0]]
    size = -(-len(whole) // len(parts))
    return [whole[index * size : (index + 1) * size] for index in range(len(parts))]


def _served(file: RemoteFile, content: bytes, server: Server, behaviours: tuple[str, ...]) -> RemoteFile:
    server.files[file.name] = content
    return replace(
        file,
        urls=tuple(server.url(behaviour, file.name) for behaviour in behaviours),
        size_bytes=len(content),
        checksum=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )
