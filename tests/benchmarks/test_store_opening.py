"""The benchmark of opening a store opens one, and compares with what it replaces."""

from benchmarks import store_opening


def test_a_store_is_opened_as_often_as_it_is_read_by_pandas(monkeypatch):
    # Importing torch once more takes seconds.
    monkeypatch.setattr(store_opening, "in_fresh_process", lambda work, *arguments: work(*arguments))
    found = store_opening.measure(quick=True)
    assert found.ours == min(found.repeats_s["ours"]) > 0
    assert found.peers["both tables by pandas"] > 0
    assert found.ratio == found.peers["the limit"] / found.ours
