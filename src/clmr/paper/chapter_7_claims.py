"""The claims of chapter 7, which no two scores decide: a measure, a test and a verdict for each.

What belongs here: which numbers decide a claim, and the rule. What does not: the sentences of the claims, which are in
``references/claims.yaml``, and the statistics (:mod:`clmr.interpret`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from clmr.evaluation import comparison
from clmr.evaluation.comparison import Resampled
from clmr.interpret.activations import Activations
from clmr.interpret.filter_statistics import permutation_p, spread_hz
from clmr.interpret.filters import NetworkSpectra, Objective
from clmr.interpret.out_of_domain import Agreement
from clmr.interpret.params import InterpretabilityParams
from clmr.interpret.resampling import resampled_evenness, resampled_lifts
from clmr.paper.cells import percent
from clmr.paper.claims import ClaimEntry
from clmr.paper.filter_table import peaks_of
from clmr.paper.planned import ShownNetwork

CHAPTER_7_TABLE = "table_interpretability"
"""Name of the table; claims that it decides name it in ``decided_by``."""
CHAPTER_7_COLUMNS = (
    "id", "claim", "section", "measure", "unit", "first", "second", "first_value", "second_value", "test", "p",
    "p_holm", "verdict", "note",
)  # fmt: skip
"""A claim is reproduced where the value of the first is larger, as the thesis says it is."""
SMALL_CORPORA = ("unlabelled_medium", "unlabelled_small")
"""Roles of the corpora that the thesis calls less diverse."""
_OBJECTIVE: Objective = "mean"


@dataclass(frozen=True)
class Finding:
    """What decides a claim.

    Attributes:
        measure: What is measured, in words.
        unit: Unit of the two values.
        first: What has the larger value, if the claim holds.
        second: What it is compared with.
        values: The two values.
        test: The test, in words.
        p_value: Its two-sided p-value.
        note: What a reader should know.
    """

    measure: str
    unit: str
    first: str
    second: str
    values: tuple[float, float]
    test: str
    p_value: float
    note: str


def chapter_7_table(claims: Sequence[ClaimEntry], findings: Mapping[str, Finding | str]) -> pd.DataFrame:
    """One row per claim that this table decides, with :data:`CHAPTER_7_COLUMNS`.

    P-values are corrected by Holm's method over the claims that are decided. Below 0.05, a claim is *reproduced* if the
    first value is larger and *contradicted* if it is smaller; else it is *inconclusive*. A claim for which there is a
    reason instead of a finding is *not built*.

    Args:
        claims: All claims; those that another table decides are left out.
        findings: For each of them a finding, or why there is none.

    Raises:
        ValueError: If there is neither for a claim.
    """
    own = [claim for claim in claims if claim.decided_by == CHAPTER_7_TABLE]
    missing = [claim.id for claim in own if claim.id not in findings]
    if missing:
        raise ValueError(f"found no finding for {', '.join(missing)}, which {CHAPTER_7_TABLE} is to decide")
    decided = [claim.id for claim in own if isinstance(findings[claim.id], Finding)]
    p_values = [found.p_value for name in decided if isinstance(found := findings[name], Finding)]
    adjusted = dict(zip(decided, comparison.holm(p_values), strict=True))
    rows = [_row(claim, findings[claim.id], adjusted.get(claim.id)) for claim in own]
    texts = set(CHAPTER_7_COLUMNS) - {"first_value", "second_value", "p", "p_holm"}
    numbers = set(CHAPTER_7_COLUMNS) - texts
    return pd.DataFrame(rows, columns=CHAPTER_7_COLUMNS).astype(
        dict.fromkeys(texts, "object") | dict.fromkeys(numbers, "float64")
    )


def narrow_first_layer(
    network: ShownNetwork, spectra: Mapping[str, NetworkSpectra], untrained: str | None, params: InterpretabilityParams
) -> Finding:
    """Whether peaks of filters are spread more widely in the last layer shown than in the first.

    Args:
        network: A network by CLMR.
        spectra: Spectra by run.
        untrained: Run of the untrained network of the same kind.
        params: Layers, permutations and seed.
    """
    low, high = params.shown_layers[0], params.shown_layers[-1]
    own = {number: spread_hz(peaks_of(spectra[network.run], number, _OBJECTIVE)) for number in (low, high)}
    p_value = permutation_p(own[high], own[low], params.n_resamples, np.random.default_rng(params.seed))
    note = ""
    if untrained is not None:
        without = [spread_hz(peaks_of(spectra[untrained], number, _OBJECTIVE)).mean() for number in (high, low)]
        note = f"The untrained network has {without[0]:.0f} and {without[1]:.0f} Hz."
    return Finding(
        "mean distance of the filters' peaks from their median", "Hz", f"layer {high}", f"layer {low}",
        (float(own[high].mean()), float(own[low].mean())), "permutation of filters", p_value, note,
    )  # fmt: skip


def small_corpus_like_supervision(
    networks: Sequence[ShownNetwork], spectra: Mapping[str, NetworkSpectra], params: InterpretabilityParams
) -> Finding | str:
    """Whether CLMR's filters are further from those of supervised training than CLMR's from a small corpus are.

    Distances are those of earth movers between distributions of peak frequencies, the mean over the layers shown. The
    test permutes filters between the two networks by CLMR, layer by layer.
    """
    clmr = {one.figure: one for one in networks if one.system == "clmr"}
    supervised = next((one for one in networks if one.figure == "fig_7_3"), None)
    small = clmr.get("fig_7_2")
    if small is None or small.trained_on not in SMALL_CORPORA:
        return f"Figure 7.2 shows no encoder by CLMR from a store in the role {' or '.join(SMALL_CORPORA)}."
    if supervised is None or "fig_7_1" not in clmr:
        return "Figures 7.1 and 7.3 show no encoder by CLMR and no supervised network to compare it with."
    layers = params.shown_layers
    home, other, labelled = (
        [peaks_of(spectra[one.run], layer, _OBJECTIVE) for layer in layers]
        for one in (clmr["fig_7_1"], small, supervised)
    )
    values = _distances(home, labelled), _distances(other, labelled)
    rng = np.random.default_rng(params.seed)
    drawn = [_permuted_difference(home, other, labelled, rng) for _ in range(params.n_resamples)]
    observed = values[0] - values[1]
    p_value = (1 + sum(abs(one) >= abs(observed) - 1e-9 for one in drawn)) / (1 + params.n_resamples)
    return Finding(
        "distance of peak frequencies from those of supervised training, mean over layers", "Hz",
        clmr["fig_7_1"].run, small.run, values, "permutation of filters", float(p_value),
        "One network each: another seed may differ as much, and so may another length of training.",
    )  # fmt: skip


def broad_on_secondary(primary: Activations, secondary: Activations, params: InterpretabilityParams) -> Finding:
    """Whether features respond more evenly to the test segments of the second corpus, each encoder on its own."""
    # Draws of their own, since the two corpora have no clip in common.
    first, second = (
        resampled_evenness(one, params.n_resamples, np.random.default_rng([params.seed, number]))
        for number, one in enumerate((secondary, primary))
    )
    return _of_samples(
        "evenness of a feature's response to all segments, (mean)^2 / mean square, mean over features", "of 1",
        (f"{secondary.run} on {secondary.store}", f"{primary.run} on {primary.store}"), (first, second),
        "One network each: another seed may differ as much.",
    )  # fmt: skip


def loud_tags(activations: Activations, params: InterpretabilityParams) -> Finding | str:
    """Whether loud genres stand out more among strongest segments than tags do that are more frequent.

    Loud tags that are as frequent as one of the frequent tags are left out: the claim is about the rarer ones.
    """
    shares = zip(activations.tag_names, activations.tags.mean(axis=0), strict=True)
    share = {tag: float(value) for tag, value in shares if value > 0}
    named, frequent = ([tag for tag in tags if tag in share] for tags in (params.loud_tags, params.frequent_tags))
    if not named or not frequent:
        return "The corpus lacks the tags that the claim is about."
    shown = ", ".join(f"{tag} {percent(share[tag])} %" for tag in (*named, *frequent))
    loud = [tag for tag in named if share[tag] < min(share[tag] for tag in frequent)]
    if not loud:
        return f"No loud tag is rarer than all of {', '.join(frequent)}. Share of the segments: {shown}."
    rng = np.random.default_rng(params.seed)
    both = resampled_lifts(activations, (loud, frequent), params.n_segments, params.n_resamples, rng)
    absent = [tag for tag in (*params.loud_tags, *params.frequent_tags) if tag not in share]
    left_out = [tag for tag in named if tag not in loud]
    notes = [
        "A mean over features, not a count of them.",
        f"Share of the segments: {shown}.",
        f"Left out, since no rarer than the frequent tags: {', '.join(left_out)}." if left_out else "",
        f"Not among the tags of this corpus: {', '.join(absent)}." if absent else "",
    ]
    return _of_samples(
        "frequency of a tag among the clips of the strongest segments, over that in the corpus; mean over the features "
        "that enough segments move",
        "times", (", ".join(loud), ", ".join(frequent)), (both[0], both[1]), " ".join(filter(None, notes)),
    )  # fmt: skip


def generalising(found: Agreement | None) -> Finding | str:
    """Whether the tags of one feature agree between corpora more than those of two features."""
    if found is None:
        return "The corpora have too few tags in common, or too few features that respond in both."
    return Finding(
        f"correlation of tag profiles over the {len(found.common_tags)} tags of both corpora", "of 1",
        "the same feature", "two different features", (float(found.own.mean()), float(found.others.mean())),
        "permutation of features", found.p_value,
        "Features of one network resemble each other, so fewer are independent than are permuted; one network, and the "
        "clips of one test split.",
    )  # fmt: skip


def _of_samples(
    measure: str, unit: str, names: tuple[str, str], both: tuple[Resampled, Resampled], note: str
) -> Finding:
    difference = comparison.difference(*both)
    values = float(both[0].by_seed.mean()), float(both[1].by_seed.mean())
    return Finding(measure, unit, *names, values, "bootstrap over groups of clips", difference.p_value, note)


def _distances(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """Mean over layers of the distance between two distributions of peaks, in Hz."""
    return float(np.mean([stats.wasserstein_distance(*pair) for pair in zip(first, second, strict=True)]))


def _permuted_difference(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], to: Sequence[np.ndarray], rng: np.random.Generator
) -> float:
    shuffled = [rng.permutation(np.concatenate(pair)) for pair in zip(first, second, strict=True)]
    parts = [np.split(peaks, [len(own)]) for peaks, own in zip(shuffled, first, strict=True)]
    return _distances([one for one, _ in parts], to) - _distances([other for _, other in parts], to)


def _row(claim: ClaimEntry, found: Finding | str, p_holm: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"id": claim.id, "claim": claim.claim, "section": claim.section}
    if isinstance(found, str):
        return row | {"verdict": "not built", "note": found}
    ahead = found.values[0] > found.values[1]
    clear = p_holm is not None and p_holm < 0.05
    return row | {
        "measure": found.measure, "unit": found.unit, "first": found.first, "second": found.second,
        "first_value": found.values[0], "second_value": found.values[1], "test": found.test, "p": found.p_value,
        "p_holm": p_holm, "verdict": ("reproduced" if ahead else "contradicted") if clear else "inconclusive",
        "note": found.note,
    }  # fmt: skip
