import pytest

from clmr.corpora.rendered.parts import Part, TimedNote


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-0.1, 1.0, 60, 90), "onset_s must be >= 0, got -0.1"),
        ((0.0, 0.0, 60, 90), "length_s must be > 0"),
        ((0.0, 1.0, 128, 90), "pitch must be in 0 to 127, got 128"),
        ((0.0, 1.0, 60, 0), "velocity must be in 1 to 127, got 0"),
    ],
)
def test_notes_that_cannot_be_played_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        TimedNote(*values)


def test_programs_and_volumes_out_of_range_are_refused():
    with pytest.raises(ValueError, match="program must be in 0 to 127, got 128"):
        Part(False, 128, 90, ())
    with pytest.raises(ValueError, match="volume must be in 1 to 127, got 0"):
        Part(False, 0, 0, ())
