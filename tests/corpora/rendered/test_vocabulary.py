from itertools import pairwise

import pytest

from clmr.corpora.rendered.instruments import INSTRUMENTS
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.rendering import perform, play_clip
from clmr.corpora.rendered.vocabulary import VOCABULARIES, tags_of

INSTRUMENT_TAGS = {
    "piano": {0, 1, 2},
    "flute": {72, 73, 74, 75},
    "violin": {40, 110},
    "cello": {42},
    "harpsichord": {6},
    "harp": {46},
    "sitar": {104},
    "choir": {52, 53},
    "guitar": {24, 25, 26, 27, 29, 30},
}


@pytest.fixture(scope="module")
def performed(many, many_plans):
    """Players and tags of some sixty clips; nothing is rendered."""
    few = [plan for plan in many_plans if plan.work.is_tune][::14]
    read = [(plan, read_score(plan.work)) for plan in few]
    played = [(plan, score, play_clip(plan, score, many)) for plan, score in read]
    return [(plan, players, tags_of(perform(plan, score, players), "magnatagatune")) for plan, score, players in played]


@pytest.mark.parametrize("vocabulary", sorted(VOCABULARIES))
def test_there_are_many_tags_and_none_of_level(vocabulary):
    assert len(VOCABULARIES[vocabulary]) >= 25
    assert not {"loud", "quiet"} & set(VOCABULARIES[vocabulary])


@pytest.mark.parametrize("tag", sorted(INSTRUMENT_TAGS))
def test_instrument_tags_mean_that_one_of_its_programs_plays(performed, tag):
    for _, players, tags in performed:
        programs = {player.program for player in players if player.role != "drums"}
        assert (tag in tags) == bool(programs & INSTRUMENT_TAGS[tag])


def test_drums_mean_drum_notes(performed):
    for _, players, tags in performed:
        assert ("drums" in tags) == any(player.role == "drums" and player.notes for player in players)


def test_solo_means_exactly_one_part(performed):
    solos = [players for _, players, tags in performed if "solo" in tags]
    assert solos
    for players in solos:
        assert [player.role for player in players] == ["lead"]


def test_techno_means_kick_on_every_beat_and_synthesisers(performed):
    technos = [(plan, players) for plan, players, tags in performed if "techno" in tags]
    for plan, players in technos:
        (drums,) = [player for player in players if player.role == "drums"]
        kicks = sorted(note.onset_s for note in drums.notes if note.pitch == 36)
        gaps = [after - before for before, after in pairwise(kicks)]
        # Players deviate by up to 8 ms each way.
        assert gaps == pytest.approx([60 / plan.pulse_bpm] * len(gaps), abs=0.017)
        assert plan.pulse_bpm >= 118
        assert {"synth lead", "synth bass"} <= {player.instrument for player in players}


def test_no_tag_of_tempo_is_doubtful(performed):
    for plan, _, tags in performed:
        assert ("slow" in tags) == (plan.pulse_bpm <= 66)
        assert ("fast" in tags) == (plan.pulse_bpm >= 142)


def test_accompaniment_never_drowns_and_is_never_drowned(performed):
    for _, players, _ in performed:
        # 9 dB below the lead, after balancing by measured loudness, is still plainly heard.
        assert all(-9.0 <= player.level_db <= 2.0 for player in players)
        assert all(player.instrument in INSTRUMENTS or player.role == "drums" for player in players)
