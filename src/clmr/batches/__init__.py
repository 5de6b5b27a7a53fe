"""Batches of audio and tags on the device that computes, read from stores."""
