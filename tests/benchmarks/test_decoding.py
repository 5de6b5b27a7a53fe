"""The benchmark of decoding runs, and times what it claims."""

from benchmarks import decoding


def test_every_format_is_timed_and_compared_with_real_time():
    found = decoding.measure(quick=True)
    assert set(found.details["by_format"]) == {"MP3", "FLAC", "OGG"}
    assert found.peers == {"real time": 1.0}
    # Slower than it plays would mean that something else was timed.
    assert found.ours > 1
    assert found.ours == 2 / min(found.repeats_s["MP3"])
