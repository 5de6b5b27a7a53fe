"""The benchmark of filters optimises an input for each of them."""

from benchmarks import filters


def test_the_first_layer_takes_time_and_is_held_against_a_minute():
    found = filters.measure(quick=True)
    assert found.ours == min(found.repeats_s["ours"]) > 0
    assert found.best_peer == "the limit"
    assert "32 filters of 1 layers" in found.notes[0]
