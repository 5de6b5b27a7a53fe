"""Probes that train in no time, for tests to change what they are about."""

from clmr.evaluation.probe import ProbeParams


def probe_params(**changes) -> ProbeParams:
    """How small probes are trained, with some values changed."""
    values = {
        "heads": ("linear", "mlp"), "n_probe_seeds": 2, "learning_rate": {"linear": 1e-2, "mlp": 1e-2},
        "weight_decay": 0.0, "batch_size": 32, "max_epochs": 60, "patience_epochs": 3, "n_resamples": 50,
        "embedding_batch_size": 16, "embedding_precision": "fp32",
    }  # fmt: skip
    return ProbeParams(**(values | changes))
