"""Where audio comes from: corpora with tags and splits, and the PCM stores that training reads."""
