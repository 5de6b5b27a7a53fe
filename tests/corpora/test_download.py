"""Downloads from a server that misbehaves: the right bytes under the right name, or a sentence and nothing."""

import hashlib
import shutil
import time
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from clmr.corpora.declaration import RemoteFile
from clmr.corpora.download import DownloadError, Transport, digest_of, fetch, require_space
from tests.corpora.serving import serving

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
HASTY = Transport(n_attempts=2, connect_s=2.0, silence_s=5.0, first_pause_s=0.001, longest_pause_s=0.01)
NAME = "audio.zip"


def patience(behaviour: str) -> Transport:
    """Short where it has to run out, long where a busy machine may take its time."""
    return replace(HASTY, silence_s=0.1) if behaviour == "slow" else HASTY


@pytest.fixture
def server():
    with serving() as server:
        server.files[NAME] = CONTENT
        yield server


def published(server, *behaviours, **changes):
    urls = tuple(server.url(behaviour, NAME) for behaviour in behaviours)
    return RemoteFile(NAME, urls, changes.pop("size_bytes", len(CONTENT)), changes.pop("checksum", SHA256), **changes)


@pytest.mark.parametrize("behaviour", ["good", "drops", "ignores_ranges", "trickles", "busy"])
def test_a_server_that_gives_the_file_in_the_end_is_enough(server, tmp_path, behaviour):
    found = fetch(published(server, behaviour), tmp_path, HASTY)
    assert found == tmp_path / NAME
    assert found.read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part"))


def test_a_dropped_connection_is_resumed_and_nothing_is_sent_twice(server, tmp_path):
    fetch(published(server, "drops"), tmp_path, HASTY)
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0 for _, asked in server.asked]
    assert len(starts) == 3
    assert starts == sorted(set(starts))
    # What the kernel had sent when the connection broke counts as well.
    assert server.n_sent <= len(CONTENT) * 1.1


FAULTS = {
    "absent": "HTTP 404",
    "page": "an HTML page in place of the file; it may have moved, or ask for a login",
    "disguised_page": "an HTML page in place of the file, which it calls something else",
    "wrong_bytes": r"sha256 [0-9a-f]{64} of 3,000,000 bytes, expected [0-9a-f]{64}",
    "truncated": "sha256 .* of 1,500,000 bytes, expected",
    "longer": "sha256 .* of 3,000,004 bytes, expected",
    "slow": "timed out|ReadTimeout",
    "drops_and_ignores_ranges": "2 times in a row",
}


@pytest.mark.parametrize(("behaviour", "reason"), FAULTS.items())
def test_a_fault_is_named_and_leaves_no_file(server, tmp_path, behaviour, reason):
    with pytest.raises(DownloadError, match=rf"audio.zip could not be fetched \(http://.*{behaviour}.*({reason})"):
        fetch(published(server, behaviour), tmp_path, patience(behaviour))
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("behaviour", FAULTS)
def test_after_a_fault_the_next_mirror_is_asked(server, tmp_path, behaviour):
    # The second mirror gives a third at a time, within the same limits.
    assert fetch(published(server, behaviour, "drops"), tmp_path, patience(behaviour)).read_bytes() == CONTENT


def test_of_a_known_size_any_other_is_refused_before_it_is_read(server, tmp_path):
    with pytest.raises(DownloadError, match=r"3,000,004 bytes, expected 3,000,000"):
        fetch(published(server, "longer", exact_size=True), tmp_path, HASTY)
    assert server.n_sent <= 200_000 or server.n_sent == len(CONTENT) + 4
    with pytest.raises(DownloadError, match=r"ended after 1,500,000 of 3,000,000|does not fit the file"):
        fetch(published(server, "truncated", exact_size=True), tmp_path, HASTY)


def test_an_interrupted_download_is_continued_by_the_next_process(server, tmp_path):
    (tmp_path / f".{NAME}.part").write_bytes(CONTENT[:2_000_000])
    assert fetch(published(server, "good"), tmp_path, HASTY).read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=2000000-")]
    assert server.n_sent == 1_000_000


@pytest.mark.parametrize("left", [b"x" * 1_000, b"x" * 4_000_000], ids=["of another file", "longer than the file"])
def test_a_part_that_belongs_to_another_file_is_thrown_away(server, tmp_path, left):
    (tmp_path / f".{NAME}.part").write_bytes(left)
    assert fetch(published(server, "good", "good"), tmp_path, HASTY).read_bytes() == CONTENT


def test_another_range_than_the_one_asked_for_is_not_appended(server, tmp_path):
    (tmp_path / f".{NAME}.part").write_bytes(CONTENT[:1_000])
    with pytest.raises(DownloadError, match="another range than the one that was asked for"):
        fetch(published(server, "another_range"), tmp_path, HASTY)


def test_a_file_that_is_there_is_checked_once_and_not_fetched(server, tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(CONTENT)
    file = published(server, "good")
    assert fetch(file, tmp_path, HASTY) == tmp_path / NAME
    assert server.asked == []

    def not_again(*_):
        raise AssertionError("read again")

    with monkeypatch.context() as context:
        context.setattr("clmr.corpora.download.digest_of", not_again)
        fetch(file, tmp_path, HASTY)
        # Written to since: whatever was known of it holds no longer.
        (tmp_path / NAME).write_bytes(CONTENT + b"x")
        with pytest.raises(AssertionError, match="read again"):
            fetch(file, tmp_path, HASTY)


def test_a_file_that_is_there_but_is_another_is_neither_used_nor_removed(server, tmp_path):
    (tmp_path / NAME).write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"audio.zip: found sha256 .* of 14 bytes, expected .*; remove it"):
        fetch(published(server, "good"), tmp_path, HASTY)
    assert (tmp_path / NAME).read_bytes() == b"something else"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_every_published_kind_of_checksum_is_checked(server, tmp_path, algorithm):
    checksum = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    found = fetch(published(server, "wrong_bytes", "good", checksum=checksum), tmp_path, HASTY)
    assert digest_of(found, algorithm) == checksum.partition(":")[2]


def test_a_machine_without_a_network_says_so_soon(tmp_path):
    started = time.monotonic()
    nobody = RemoteFile(NAME, ("http://127.0.0.1:9/audio.zip",), 10, SHA256)
    with pytest.raises(DownloadError, match="2 times in a row"):
        fetch(nobody, tmp_path, HASTY)
    assert time.monotonic() - started < 5


def test_room_on_the_disk_is_asked_for_first(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10**9))
    require_space(tmp_path / "not" / "yet", 10**9, "FMA")
    with pytest.raises(OSError, match=r"FMA needs about 2 GB, 1 GB are free on the disk of yet"):
        require_space(tmp_path / "not" / "yet", 2 * 10**9, "FMA")
