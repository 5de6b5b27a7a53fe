"""Parameters of a rendered corpus. Each corpus of params.yaml is one instance of `RenderedCorpusParams`."""

from typing import Annotated, Literal

import pydantic

from clmr.storage.strict import Probability, require, require_range, strict

Soundfont = Literal["timgm6mb", "merlin"]
Vocabulary = Literal["magnatagatune", "semantic"]

FOLK_COLLECTIONS = ("aird", "oneill", "ryan", "misc_folk")
SCORE_COLLECTIONS = ("bach", "mozart", "haydn", "beethoven", "schumann")
COLLECTIONS = FOLK_COLLECTIONS + SCORE_COLLECTIONS

_LOWEST_LEVEL_DB = -60.0
# The peaks of music lie some 10 to 15 dB above its level: any louder, and the limiter would be heard.
_HIGHEST_LEVEL_DB = -6.0


@strict
class CollectionShare:
    """What a corpus takes from one collection of scores.

    Attributes:
        clip_share: Fraction of the corpus's clips.
        family_window: Every tune family has a fixed position in [0, 1), the same in all corpora and
            all collections; only families with low <= position < high are used. So corpora with
            disjoint windows share no tune.
    """

    clip_share: Probability
    family_window: tuple[float, float]

    def __post_init__(self) -> None:
        require_range("family_window", self.family_window, 0.0, 1.0)
        low, high = self.family_window
        require(low < high, "family_window", list(self.family_window), "[low, high] with low < high")


# Neither 0 nor 1: every split must exist, since stages ask for each of them.
_Share = Annotated[float, pydantic.Field(gt=0, lt=1)]


@strict
class SplitShares:
    """Fractions of the clips in each split; they add up to 1."""

    train: _Share
    valid: _Share
    test: _Share

    def __post_init__(self) -> None:
        # With a tolerance, since sums such as 0.7 + 0.2 + 0.1 are not exactly 1.
        total = self.train + self.valid + self.test
        require(abs(total - 1) < 1e-9, "train + valid + test", total, "1")


@strict
class ColouringParams:
    """Ranges of the recording conditions, drawn anew for every track.

    Attributes:
        eq_gain_db: Each of the three peaking bands is boosted or cut by up to this much.
        room_rt60_s: Reverberation time of the synthetic room.
        room_wet_db: Level of the reverberation relative to the direct sound.
        noise_snr_db: Level of the music above the coloured noise.
    """

    eq_gain_db: float
    room_rt60_s: tuple[float, float]
    room_wet_db: tuple[float, float]
    noise_snr_db: tuple[float, float]

    def __post_init__(self) -> None:
        require(0 <= self.eq_gain_db <= 24, "eq_gain_db", self.eq_gain_db, "in [0, 24]")
        require_range("room_rt60_s", self.room_rt60_s, 0.05, 5.0)
        require_range("room_wet_db", self.room_wet_db, -60.0, 0.0)
        require_range("noise_snr_db", self.noise_snr_db, 0.0, 96.0)


@strict
class RenderedCorpusParams:
    """Everything that decides the content of a rendered corpus; equal parameters give equal bytes.

    Attributes:
        kind: ``rendered``, its name among the kinds of corpora.
        soundfont: Name of the installed soundfont that plays the clips.
        vocabulary: Name of the set of tag rules.
        collections: Share of each collection of scores, by name.
        n_clips: Number of clips.
        clips_per_tune: Mean number of clips made from one tune or movement; more where a collection has too few.
        clip_duration_s: Length of each clip.
        sample_rate_hz: Sample rate of the clips.
        split_shares: Fractions of the corpus in each split.
        hidden_positive_rate: Fraction of the positive training tags that are left out, as human taggers
            leave them out.
        p_style: Probability that a track's instruments, drums and tempo are drawn to fit a style;
            all others are drawn independently of each other.
        level_db: Lowest and highest level of a clip in dB re full scale (root mean square). Narrow, as that of
            mastered music is; drawn for each track, whatever is played.
        colouring: Recording conditions.
        seed: Seed of all draws.
    """

    kind: Literal["rendered"]
    soundfont: Soundfont
    vocabulary: Vocabulary
    collections: dict[str, CollectionShare]
    n_clips: int
    clips_per_tune: float
    clip_duration_s: float
    sample_rate_hz: int
    split_shares: SplitShares
    hidden_positive_rate: Probability
    p_style: Probability
    level_db: tuple[float, float]
    colouring: ColouringParams
    seed: int

    def __post_init__(self) -> None:
        allowed = "a mapping with keys among " + ", ".join(COLLECTIONS)
        known = bool(self.collections) and set(self.collections) <= set(COLLECTIONS)
        require(known, "collections", sorted(self.collections), allowed)
        total = sum(share.clip_share for share in self.collections.values())
        require(abs(total - 1) < 1e-6, "sum of the clip_share of all collections", total, "1")
        require(self.n_clips >= 3, "n_clips", self.n_clips, ">= 3 (a clip for each split)")
        require(1 <= self.clips_per_tune <= 10, "clips_per_tune", self.clips_per_tune, "in [1, 10]")
        require(1 <= self.clip_duration_s <= 60, "clip_duration_s", self.clip_duration_s, "in [1, 60]")
        low, high = self.level_db
        require(
            _LOWEST_LEVEL_DB <= low < high < _HIGHEST_LEVEL_DB,
            "level_db",
            list(self.level_db),
            f"[low, high] with {_LOWEST_LEVEL_DB} <= low < high < {_HIGHEST_LEVEL_DB}",
        )
        require(8000 <= self.sample_rate_hz <= 48000, "sample_rate_hz", self.sample_rate_hz, "in [8000, 48000]")

    @property
    def clip_samples(self) -> int:
        """Samples of every clip."""
        return round(self.clip_duration_s * self.sample_rate_hz)
