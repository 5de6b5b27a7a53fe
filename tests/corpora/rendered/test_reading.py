import gc
from pathlib import Path

import pytest
from music21 import converter

from clmr.corpora.rendered import reading
from clmr.corpora.rendered.catalogue import corpus_dir, read_catalogue, tunes_of
from clmr.corpora.rendered.reading import read_score

WORKS = {work.key: work for work in read_catalogue().works}
# With slurs, triplets, chord symbols and grace notes; with voices and fermatas; and with a horn above the soprano.
EXAMPLES = (
    "aird-book3-0103",
    "ryan-MoneyMuskStrathspey-0000",
    "ryan-SpiritOf1881Hornpipe-0000",
    "bach-bwv66.6",
    "bach-bwv1.6",
    "schumann-clara-polonaise-op1n1",
)


@pytest.mark.parametrize("key", EXAMPLES)
def test_what_is_left_out_before_music21_sees_it_changes_no_note(key, monkeypatch):
    def everything(work):
        path = Path(corpus_dir(), work.file)
        if path.suffix == ".abc":
            return list(converter.parse(tunes_of(path)[work.tune_index], format="abc").parts)
        return list(converter.parse(path, forceSource=True, storePickle=False).parts)

    score = read_score(WORKS[key])
    monkeypatch.setattr(reading, "_parts", everything)
    assert read_score(WORKS[key]) == score


@pytest.mark.parametrize("was_enabled", [True, False])
def test_garbage_collection_is_left_as_it_was(was_enabled):
    work = next(iter(WORKS.values()))
    try:
        if not was_enabled:
            gc.disable()
        read_score(work)
        assert gc.isenabled() == was_enabled
    finally:
        gc.enable()
