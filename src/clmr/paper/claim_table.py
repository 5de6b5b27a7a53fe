"""The table of the thesis's claims: which two of our systems decide each of them, and what they say.

What belongs here: finding the systems, and the rule of decision. What does not: the claims
(:mod:`clmr.paper.claims`) and the statistics (:mod:`clmr.evaluation.comparison`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clmr.evaluation import comparison
from clmr.evaluation.comparison import Difference, Resampled
from clmr.paper.claims import BLOCKS, ClaimEntry, ClaimVerdict, Role, Selector
from clmr.paper.clips import ClipScores, Scored, difference_cells, precision_by_seed, resampled_pairs
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.names import row_label
from clmr.paper.planned import ScoredSystem
from clmr.paper.thesis import Thesis

CLAIM_COLUMNS = (
    "id", "claim", "section", "artefact", "thesis_metric", "thesis_first", "thesis_second",
    "eval_corpus", "first", "second", "first_score", "second_score", "difference", "low", "high", "p", "p_holm",
    "verdict", "n_first_seeds", "n_second_seeds", "first_assumed_sd", "second_assumed_sd", "detectable",
    "first_stage", "second_stage", "note",
)  # fmt: skip
"""Scores, differences and deviations are on the 0-1 scale. A claim that is not built has the thesis's numbers alone."""
_VERDICTS: dict[str, ClaimVerdict] = {
    "better": "reproduced",
    "worse": "contradicted",
    "inconclusive": "inconclusive",
}
ELSEWHERE: ClaimVerdict = "decided elsewhere"
_TEXTS = ("thesis_metric", "eval_corpus", "first", "second", "first_stage", "second_stage", "note")
_SEEDS = ("n_first_seeds", "n_second_seeds")


@dataclass(frozen=True)
class Evidence:
    """What we have to decide claims by.

    Attributes:
        clips: Scores of the test clips of all planned systems that a claim may be about.
        planned: Systems that the plan lists.
        roles: Role of each corpus that has one.
        seed_sd: Deviation between seeds in each experiment, as :func:`seed_deviations` gives it.
    """

    clips: Scored
    planned: Sequence[ScoredSystem]
    roles: Mapping[str, Role]
    seed_sd: Mapping[str, float]


@dataclass(frozen=True)
class _Pair:
    """The two systems that decide a claim, and the deviation between seeds that is assumed of each."""

    claim: ClaimEntry
    first: ClipScores
    second: ClipScores
    assumed_sd: tuple[float, float]


def claims_table(
    claims: Sequence[ClaimEntry], evidence: Evidence, thesis: Thesis, resampling: ResamplingParams
) -> pd.DataFrame:
    """One row per claim, in the given order, with :data:`CLAIM_COLUMNS`.

    The rule. A claim is about the macro PR-AUC of two systems, on the test clips that all systems compared on their
    corpus have scored. Their difference is that of :func:`clmr.evaluation.comparison.difference`: a paired bootstrap
    over groups of clips, such as the settings of one tune, widened by the deviation between seeds. That of a system
    with several seeds is measured; that of a system with one is taken from its experiment. On shares of the labels,
    seeds are subsets, whose deviation has that of encoders only where the encoder has as many seeds. P-values are
    corrected by Holm's method over the decided claims that rest on the same table or figure of the thesis. Below 0.05,
    a claim is *reproduced* if the system that the thesis puts ahead is ahead here, and *contradicted* if the other is;
    otherwise it is *inconclusive*, which does not mean that the two do not differ. A claim is *not built* if no planned
    system fits one of its selectors, the system is not scored with the head, or both selectors choose one system. One
    that names a table in ``decided_by`` is *decided elsewhere*: there.

    Args:
        claims: The claims.
        evidence: Our systems and their scores.
        thesis: Numbers of the thesis.
        resampling: Bootstrap samples, the same for all systems of a corpus.

    Raises:
        ValueError: If a selector fits several systems, a planned system has no scores, or one with a single seed
            belongs to an experiment without a deviation.
    """
    pairs = [pair for claim in claims if (pair := _pair(claim, evidence))]
    both = resampled_pairs([(pair.first, pair.second) for pair in pairs], resampling)
    found = [comparison.difference(*two, pair.assumed_sd) for pair, two in zip(pairs, both, strict=True)]
    families = [str(_stated(pair.claim, thesis)["artefact"]) for pair in pairs]
    adjusted = comparison.holm_within([difference.p_value for difference in found], families)
    decided = {
        pair.claim.id: _decided(pair, two, difference, p_holm)
        for pair, two, difference, p_holm in zip(pairs, both, found, adjusted, strict=True)
    }
    rows = [_stated(claim, thesis) | decided.get(claim.id, _undecided(claim)) for claim in claims]
    # Typed even if no claim is decided, so that a table without decisions is read like any other.
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS).astype(dict.fromkeys(_TEXTS, "object") | _numbers())


def seed_deviations(clips: Scored) -> dict[str, float]:
    """Standard deviation between seeds in each experiment, for its systems with one seed.

    It is that of the PR-AUC of linear probes, pooled over the pre-trained systems that have several seeds: in the
    experiment of ablations its base runs. An experiment without such a system has no entry.

    Args:
        clips: Scores of the test clips.
    """
    by_experiment: dict[str, list[np.ndarray]] = {}
    for one in clips.values():
        if one.scored.pretrain_corpus and one.head == "linear" and len(one.by_seed) > 1:
            scores = precision_by_seed(one, np.arange(one.labels.shape[1]))
            by_experiment.setdefault(one.scored.experiment, []).append(scores)
    return {experiment: comparison.pooled_seed_sd(systems) for experiment, systems in by_experiment.items()}


def _pair(claim: ClaimEntry, evidence: Evidence) -> _Pair | None:
    """The two systems that decide a claim; None if it is not built."""
    if claim.first is None or claim.second is None:
        return None
    first, second = (_system(claim, side, evidence) for side in (claim.first, claim.second))
    if first is None or second is None or first is second:
        return None
    assumed_sd = _assumed_sd(claim, first, evidence), _assumed_sd(claim, second, evidence)
    return _Pair(claim, first, second, assumed_sd)


def _system(claim: ClaimEntry, selector: Selector, evidence: Evidence) -> ClipScores | None:
    """The scores of the one system that a selector fits; None if it fits none, or none with its head."""
    found = selector.choose(evidence.planned, evidence.roles)
    if not found:
        return None
    # A supervised network has two stages: its own, and one that probes its layers with another head.
    with_head = {one.scored.stage for one in evidence.clips.values() if one.head == selector.head}
    found = [scored for scored in found if scored.stage in with_head] or found
    if len(found) > 1:
        named = "; ".join(f"{scored.stage} {scored.varies}" for scored in found)
        raise ValueError(f"{claim.id}: {selector} fits {named}; have it name more of what they vary")
    of_system = [one for one in evidence.clips.values() if one.scored == found[0]]
    if not of_system:
        raise ValueError(f"{claim.id}: found no scores of the clips of {found[0]}, which is planned; rerun its stage")
    return next((one for one in of_system if one.head == selector.head), None)


def _assumed_sd(claim: ClaimEntry, system: ClipScores, evidence: Evidence) -> float:
    """Deviation between seeds that is assumed of a system; with several seeds it is measured, and 0 here."""
    if len(system.by_seed) > 1:
        return 0.0
    scored = system.scored
    if scored.experiment not in evidence.seed_sd:
        raise ValueError(
            f"{claim.id}: {scored.stage} has one seed, and no pre-trained system of the experiment "
            f"{scored.experiment!r} has several; give its base run at least two seeds"
        )
    return evidence.seed_sd[scored.experiment]


def _undecided(claim: ClaimEntry) -> dict[str, ClaimVerdict]:
    return {"verdict": "not built" if claim.decided_by is None else ELSEWHERE}


def _stated(claim: ClaimEntry, thesis: Thesis) -> dict[str, Any]:
    """What the thesis says."""
    stated = {"id": claim.id, "claim": claim.claim, "section": claim.section, "note": claim.note}
    if claim.thesis_first is None or claim.thesis_second is None:
        return stated | {"artefact": claim.decided_by}
    first, second = thesis.row(claim.thesis_first), thesis.row(claim.thesis_second)
    numbers = {"thesis_first": first.value, "thesis_second": second.value}
    return stated | numbers | {"artefact": first.artefact, "thesis_metric": first.metric}


def _decided(pair: _Pair, both: tuple[Resampled, Resampled], difference: Difference, p_holm: float) -> dict[str, Any]:
    """What our two systems say."""
    found = difference_cells(difference, p_holm) | {
        "eval_corpus": pair.first.scored.eval_corpus,
        "verdict": _VERDICTS[comparison.verdict(difference, p_holm)],
    }
    sides = {"first": (pair.claim.first, pair.first), "second": (pair.claim.second, pair.second)}
    for (name, (selector, system)), own, assumed in zip(sides.items(), both, pair.assumed_sd, strict=True):
        found |= {
            name: _label(selector, system),
            f"{name}_score": float(own.by_seed.mean()),
            # Empty where the deviation was measured.
            f"{name}_assumed_sd": assumed if len(system.by_seed) == 1 else None,
            f"{name}_stage": system.scored.stage,
        }
    return found


def _label(selector: Selector | None, system: ClipScores) -> str:
    """The system in words, with the corpus of pre-training and the settings by which it was chosen."""
    scored = system.scored
    if selector is None:
        return row_label(scored.system, system.head)
    named = {key: scored.varies[key] for key in selector.varies if key not in BLOCKS}
    parts = [row_label(scored.system, system.head, named)]
    if selector.pretrained_on is not None:
        parts.append(f"pre-trained on {scored.pretrain_corpus}")
    return ", ".join([*parts, *(key.replace("_", " ") for key in selector.varies if key in BLOCKS)])


def _numbers() -> dict[str, str]:
    columns = set(CLAIM_COLUMNS) - {"id", "claim", "section", "artefact", "verdict", *_TEXTS}
    return {column: "Int64" if column in _SEEDS else "float64" for column in columns}
