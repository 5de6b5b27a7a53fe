"""One clip, from its plan to samples and tags."""

import numpy as np

from clmr.corpora.rendered.arranging import Player, arrange
from clmr.corpora.rendered.colouring import colour, draw_colouring
from clmr.corpora.rendered.draws import generator
from clmr.corpora.rendered.instruments import INSTRUMENTS
from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.corpora.rendered.parts import Part
from clmr.corpora.rendered.performance import Performance
from clmr.corpora.rendered.planning import ClipPlan
from clmr.corpora.rendered.productions import draw_programs
from clmr.corpora.rendered.scores import Score
from clmr.corpora.rendered.synthesis import stem_level_db, synthesise
from clmr.corpora.rendered.timeline import cut_timeline, is_compound, pulses_per_bar
from clmr.corpora.rendered.touch import touched

_LOUDEST_VOLUME = 90


def render_clip(plan: ClipPlan, players: list[Player], params: RenderedCorpusParams) -> np.ndarray:
    """Samples of a clip, float32, shape (T,) with T = ``params.clip_samples``; the same at every call.

    Args:
        plan: The clip.
        players: Its players, from :func:`play_clip`.
        params: Soundfont and recording conditions.

    Raises:
        ValueError: If the score has no notes or the arrangement is silent.
    """
    touch = plan.production.touch
    parts = balanced_parts(players, params.soundfont, touch)
    played = synthesise(parts, params.soundfont, params.sample_rate_hz, params.clip_samples)
    samples = touched(played, touch, params.sample_rate_hz)
    # Conditions by track, noise by clip: excerpts of one performance share equaliser, reverberation time and noise
    # level, but not the noise itself.
    conditions = generator("colouring", params.seed, plan.track_id)
    colouring = draw_colouring(params.colouring, params.sample_rate_hz, conditions)
    noise = generator("noise", params.seed, plan.track_id, plan.start_fraction)
    return colour(samples, colouring, plan.level_db, params.sample_rate_hz, noise)


def play_clip(plan: ClipPlan, score: Score, params: RenderedCorpusParams) -> list[Player]:
    """The players of a clip with their notes; independent of the soundfont.

    Args:
        plan: The clip.
        score: The score of its work.
        params: Seed and duration.
    """
    timeline = cut_timeline(score, plan.pulse_bpm, params.clip_duration_s, plan.start_fraction)
    programs = draw_programs(plan.production, generator("programs", params.seed, plan.track_id))
    seconds_per_quarter = 60 / plan.pulse_bpm / timeline.pulse_quarters
    details = generator("details", params.seed, plan.track_id, plan.start_fraction)
    return arrange(timeline, plan.production, programs, seconds_per_quarter, plan.transpose, details)


def perform(plan: ClipPlan, score: Score, players: list[Player]) -> Performance:
    """The facts that the tags of a clip depend on, taken from what its players really play.

    Args:
        plan: The clip.
        score: The score of its work.
        players: Its players, from :func:`play_clip`.
    """
    # From the players, not from the recipe: one who has no notes in this excerpt is not heard.
    pitched = [player for player in players if player.role != "drums"]
    return Performance(
        production=plan.production,
        instruments=frozenset(player.instrument for player in pitched),
        n_pitched_parts=len(pitched),
        has_drums=len(pitched) < len(players),
        pulse_bpm=plan.pulse_bpm,
        collection=plan.work.collection,
        dance=plan.work.dance,
        mode=score.mode,
        metre=metre_class(score),
    )


def metre_class(score: Score) -> str:
    """The metre as a listener would name it: "duple", "triple", "compound", or "" if neither fits."""
    if not score.one_metre:
        return ""
    if is_compound(score.metre):
        return "compound"
    pulses = pulses_per_bar(score)
    return "triple" if pulses % 3 == 0 else "duple" if pulses % 2 == 0 else ""


def balanced_parts(players: list[Player], soundfont: str, touch: str) -> list[Part]:
    """One part for each player, with volumes that bring every player to its level on this soundfont at this touch."""
    kits = [player.role == "drums" for player in players]
    estimates_db = [
        stem_level_db(soundfont, is_kit, player.program, _probe_pitch(player), touch, player.notes)
        for is_kit, player in zip(kits, players, strict=True)
    ]
    gains_db = np.array([player.level_db for player in players]) - np.array(estimates_db)
    # The loudest part has a fixed volume, the others less. Amplitude is proportional to the cube of the volume,
    # so a gain in dB is divided by 60, not by 20.
    volumes = _LOUDEST_VOLUME * 10 ** ((gains_db - gains_db.max()) / 60)
    return [
        Part(is_kit, player.program, max(1, round(volume)), player.notes)
        for is_kit, player, volume in zip(kits, players, volumes, strict=True)
    ]


def _probe_pitch(player: Player) -> int:
    return 0 if player.role == "drums" else INSTRUMENTS[player.instrument].centre
