"""Which systems are compared on every corpus, for questions that the thesis does not ask.

What belongs here: pairs of systems by name and head. What does not: their scores (:mod:`clmr.paper.verdicts`), and what
the thesis claims (:mod:`clmr.paper.claims`).
"""

from dataclasses import dataclass

from clmr.models.heads import ALL_LAYERS, END_TO_END
from clmr.paper.names import LOG_MEL


@dataclass(frozen=True)
class Question:
    """Two systems to compare on every corpus on which both were scored.

    Attributes:
        name: Identifier.
        asked: What their difference answers.
        first: Identifier and head of a system.
        second: Those of the system it is compared with.
    """

    name: str
    asked: str
    first: tuple[str, str]
    second: tuple[str, str]


_CLMR, _CPC, _SAMPLE_CNN = ("clmr", "linear"), ("cpc", "linear"), ("sample_cnn", END_TO_END)
_LOG_MEL = (LOG_MEL, "linear")
_CLMR_ALL_LAYERS = ("clmr", ALL_LAYERS)

QUESTIONS = (
    Question("clmr_pretraining", "what pre-training by CLMR adds", _CLMR, ("random_init", "linear")),
    Question("cpc_pretraining", "what pre-training by CPC adds", _CPC, ("random_init_cpc", "linear")),
    Question("clmr_log_mel", "whether CLMR reaches log-mel statistics", _CLMR, _LOG_MEL),
    Question("clmr_layers", "what the lower layers add to CLMR's last", _CLMR_ALL_LAYERS, _CLMR),
    Question(
        "clmr_layers_pretraining",
        "what pre-training by CLMR adds, all layers taken together",
        _CLMR_ALL_LAYERS,
        ("random_init", ALL_LAYERS),
    ),
    Question("clmr_layers_log_mel", "whether all layers of CLMR reach log-mel statistics", _CLMR_ALL_LAYERS, _LOG_MEL),
    Question(
        "clmr_layers_sample_cnn",
        "whether all layers of CLMR reach supervised training",
        _CLMR_ALL_LAYERS,
        _SAMPLE_CNN,
    ),
    Question(
        "clmr_layers_sample_cnn_layers",
        "whether all layers of CLMR are worth those of the supervised network",
        _CLMR_ALL_LAYERS,
        ("sample_cnn", ALL_LAYERS),
    ),
    Question("sample_cnn_log_mel", "whether supervised training reaches log-mel statistics", _SAMPLE_CNN, _LOG_MEL),
)
"""The differences that matter. One correction for several tests covers them all, so each further one costs power."""
