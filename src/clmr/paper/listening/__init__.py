"""The listening page of Figure 7.7: which segments, how it looks, and its audio."""
