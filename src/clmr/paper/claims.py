"""Which systems are compared, and what the thesis says of them.

What belongs here: pairs of systems by name and head, and sentences of the thesis in our words. What does not: their
scores (:mod:`clmr.paper.verdicts`). Verdicts are on PR-AUC alone. A sentence that names no direction has none, such as
the one that CPC is competitive with supervised models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from clmr.evaluation.comparison import Verdict
from clmr.models.heads import END_TO_END
from clmr.paper.names import LOG_MEL

Role = Literal["primary", "secondary"]
"""Role of a corpus: the first stands for MagnaTagATune, the second for the Million Song Dataset."""


@dataclass(frozen=True)
class Statement:
    """A sentence of the thesis about two systems.

    Attributes:
        sentence: The sentence, in our words.
        says: What it says of the first system.
        section: Section of the thesis.
    """

    sentence: str
    says: Verdict
    section: str


@dataclass(frozen=True)
class Claim:
    """Two systems to compare on every corpus on which both were scored.

    Attributes:
        name: Identifier.
        question: What their difference answers.
        first: Identifier and head of a system.
        second: Those of the system it is compared with.
        thesis: What the thesis says, by role of the corpus.
    """

    name: str
    question: str
    first: tuple[str, str]
    second: tuple[str, str]
    thesis: Mapping[Role, Statement] = field(default_factory=dict)


_CLMR, _CPC, _SAMPLE_CNN = ("clmr", "linear"), ("cpc", "linear"), ("sample_cnn", END_TO_END)
_LOG_MEL = (LOG_MEL, "linear")

CLAIMS = (
    Claim("clmr_pretraining", "what pre-training by CLMR adds", _CLMR, ("random_init", "linear")),
    Claim("cpc_pretraining", "what pre-training by CPC adds", _CPC, ("random_init_cpc", "linear")),
    Claim(
        "clmr_cpc",
        "which method of pre-training is better",
        _CLMR,
        _CPC,
        {"primary": Statement("CLMR, with the simpler loss, scores above CPC.", "better", "6.1")},
    ),
    Claim(
        "clmr_sample_cnn",
        "whether labels are needed to train the encoder",
        _CLMR,
        _SAMPLE_CNN,
        {
            "primary": Statement(
                "A linear probe on CLMR scores above SampleCNN, the same network trained on labels.", "better", "6.1"
            ),
            "secondary": Statement(
                "On the corpus with more semantic tags, CLMR scores below SampleCNN.", "worse", "6.1"
            ),
        },
    ),
    Claim(
        "clmr_pons",
        "whether CLMR reaches the supervised waveform model of Pons et al.",
        _CLMR,
        ("pons", END_TO_END),
        {"primary": Statement("CLMR scores above the supervised model of Pons et al.", "better", "6.1")},
    ),
    Claim("clmr_log_mel", "whether CLMR reaches log-mel statistics", _CLMR, _LOG_MEL),
    Claim("sample_cnn_log_mel", "whether supervised training reaches log-mel statistics", _SAMPLE_CNN, _LOG_MEL),
    Claim(
        "clmr_hidden_layer",
        "what a hidden layer in the probe adds",
        ("clmr", "mlp"),
        _CLMR,
        {"primary": Statement("One hidden layer in the probe adds to CLMR's score.", "better", "6.1")},
    ),
)
"""The differences that matter. One correction for several tests covers them all, so each further one costs power."""
_OUTCOMES = {True: "holds here", False: "the opposite holds here", None: "undecided here"}


def outcome(verdict: str, thesis_verdict: str) -> str:
    """Our verdict on a sentence of the thesis, in words.

    >>> outcome("better", "better"), outcome("worse", "better"), outcome("inconclusive", "better")
    ('holds here', 'the opposite holds here', 'undecided here')
    """
    return _OUTCOMES[None if verdict == "inconclusive" else verdict == thesis_verdict]
