import pytest

from clmr.corpora.rendered.titles import tune_name


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The high way to Dublin.", "HIGHWAY TO DUBLIN -- JIG."),
        ("Swaggering Jig, The", "The Swaggering Jig"),
        ("Fisher's Hornpipe (1st Setting)", "FISHERS' -- HORNPIPE"),
        ("The Hare in the Corn. No. 1.", "Hare in the Corn"),
        ("Out With the Boys. 2nd Setting.", "Out with the Boys"),
        ("CAMP-MEETING -- JIG No.2.", "Camp Meeting"),
        ("Chevy Chase 3", "Chevy Chase"),
        ("Café", "Cafe"),
    ],
)
def test_one_tune_has_one_name_in_all_books(first, second):
    assert tune_name(first) == tune_name(second) != ""


@pytest.mark.parametrize(
    "title", ["A Reel.", "Quick Step.", "untitled", "A Do.", "", "(Can be used as a Clog.)", "No. 3"]
)
def test_what_names_no_tune_has_no_name(title):
    assert tune_name(title) == ""


def test_numbers_within_a_name_stay():
    assert tune_name("March 25th. Regt.") != tune_name("March 6th. Regt.")
    assert tune_name("Spirit of 1881 -- Hornpipe") == "spiritof1881"
