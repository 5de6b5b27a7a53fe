"""The pipeline: what runs, from which parameters and code, and with what record."""
