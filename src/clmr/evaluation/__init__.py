"""What frozen representations are worth: embeddings, probes, metrics and baselines."""
