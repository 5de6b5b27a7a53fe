"""Corpora rendered from public scores: planned, arranged, synthesised, coloured and tagged.

What belongs here: everything between the installed scores and a folder of FLAC files with tags that
are true by construction. What does not: how other modules read such a folder.
"""
