"""Files, tensors and parameters on disk: whole or absent, checked when read."""
