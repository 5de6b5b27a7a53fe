from collections import Counter

from clmr.corpora.rendered.catalogue import MIN_MELODY_NOTES, read_catalogue
from clmr.corpora.rendered.families import interval_grams, tune_families
from clmr.corpora.rendered.titles import tune_name


def test_facts_of_the_installed_scores():
    catalogue = read_catalogue()
    counts = Counter(work.collection for work in catalogue.works)
    # Facts of music21 10.5.1; restricted .krn files and multi-voice tunes are not among them.
    assert counts["oneill"] == 2009
    assert counts["ryan"] == 1059
    assert 1100 < counts["aird"] < 1181
    assert counts["bach"] == 408
    assert len({work.key for work in catalogue.works}) == len(catalogue.works)
    assert all(len(work.steps) >= MIN_MELODY_NOTES for work in catalogue.works)
    assert not [work.file for work in catalogue.works if work.file.endswith(".krn")]


def test_stated_dance_types_and_modes_are_found():
    works = {work.title: work for work in read_catalogue().works}
    strathspey = works["42d Highland Regiment -- Strathspey"]
    assert (strathspey.dance, strathspey.mode) == ("strathspey", "minor")
    assert works["I'll Touzle your Kurchy."].mode == "minor"


def test_transposition_and_repeated_notes_do_not_change_a_melody():
    melody = [0, 2, 4, 4, 5, 3, 1, 0, 6, 7, 2, 3]
    moved = [step + 9 for step in melody]
    moved.insert(3, moved[2])
    assert interval_grams(melody) == interval_grams(moved)
    assert interval_grams(melody) != interval_grams(melody[::-1])


def test_settings_of_one_tune_are_one_family_across_books():
    works = read_catalogue().works
    families = tune_families(works)
    by_title = {(work.collection, work.title): families[work.key] for work in works}
    # A jig printed in all three books, and a chorale melody Bach set many times.
    printed = (
        ("aird", "Jackson's Morning Brush."),
        ("oneill", "Jackson's Morning Brush"),
        ("ryan", "Jackson's Morning Brush -- Jig"),
    )
    morning = {by_title[book_and_title] for book_and_title in printed}
    assert len(morning) == 1
    assert families["bach-bwv244.54"] == families["bach-bwv244.62"]
    # Two whose shared passages are common ones, and a name whose settings share hardly any.
    assert families["ryan-ComeToTheRaffleJig-0000"] == families["ryan-RoseBushJig-0000"]
    dublin = [work for work in works if tune_name(work.title) == "highwaytodublin"]
    assert len(dublin) == 4
    assert len({families[work.key] for work in dublin}) == 1
    # Families must stay small enough to be dealt out to three splits.
    assert max(Counter(families.values()).values()) < 50
