from dataclasses import replace

import pytest

from clmr.corpora.rendered.params import CollectionShare, ColouringParams, RenderedCorpusParams, SplitShares


@pytest.fixture(scope="session")
def params() -> RenderedCorpusParams:
    """A corpus of a dozen short clips."""
    return RenderedCorpusParams(
        kind="rendered",
        soundfont="timgm6mb",
        vocabulary="magnatagatune",
        collections={
            "aird": CollectionShare(0.5, (0.0, 0.5)),
            "bach": CollectionShare(0.5, (0.0, 0.5)),
        },
        n_clips=12,
        clips_per_tune=1.5,
        clip_duration_s=3.0,
        sample_rate_hz=22050,
        split_shares=SplitShares(0.6, 0.2, 0.2),
        hidden_positive_rate=0.25,
        p_style=0.4,
        level_db=(-20.0, -14.0),
        colouring=ColouringParams(9.0, (0.2, 1.2), (-24.0, -6.0), (20.0, 45.0)),
        seed=0,
    )


@pytest.fixture(scope="session")
def many(params) -> RenderedCorpusParams:
    """A corpus of realistic size, for planning only: no clip of it is rendered."""
    shares = {
        "aird": CollectionShare(0.4, (0.0, 0.5)),
        "ryan": CollectionShare(0.3, (0.0, 0.5)),
        "bach": CollectionShare(0.2, (0.0, 0.5)),
        "mozart": CollectionShare(0.1, (0.0, 1.0)),
    }
    return replace(params, collections=shares, n_clips=1000)


@pytest.fixture(scope="session")
def plans(params):
    from clmr.corpora.rendered.planning import plan_corpus

    return list(plan_corpus(params).clips)


@pytest.fixture(scope="session")
def many_plans(many):
    from clmr.corpora.rendered.planning import plan_corpus

    return list(plan_corpus(many).clips)
