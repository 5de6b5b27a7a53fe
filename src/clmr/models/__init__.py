"""Encoders, heads and taggers: networks and their parameters. Training, losses and data are elsewhere."""
