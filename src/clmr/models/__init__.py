"""Encoders and heads. Training loops, losses and data stand elsewhere."""
