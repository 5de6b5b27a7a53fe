"""The pipeline: what runs, from which parameters and code, and where its files lie."""
