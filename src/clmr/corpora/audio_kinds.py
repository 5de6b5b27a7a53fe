"""What a file is by its first bytes, in words for people, where libsndfile knows nothing of it."""

WEB_PAGE = "a web page (HTML)"
# Offset, bytes there, and what the file is; in the order of trial.
_MARKS = (
    (4, b"ftyp", "MP4 audio (M4A: AAC or ALAC)"),
    (0, bytes.fromhex("3026b2758e66cf11"), "Windows Media (WMA)"),
    (0, b"MAC ", "Monkey's Audio (APE)"),
    (0, b"wvpk", "WavPack"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (0, b"ADIF", "AAC"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x89PNG", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"version https://git-lfs", "a pointer of Git LFS; git lfs pull fetches the file"),
)
NEEDS_AV = tuple(kind for _, _, kind in _MARKS[:10])
"""Kinds of audio that libsndfile does not read."""


def kind_of(head: bytes) -> str | None:
    """What a file with these first bytes is; None if they say nothing.

    >>> kind_of(b"....ftypM4A ...."), kind_of(b"  <!DOCTYPE html>"), kind_of(b"RIFF")
    ('MP4 audio (M4A: AAC or ALAC)', 'a web page (HTML)', None)
    """
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")) and b"html" in text:
        return WEB_PAGE
    return next((kind for at, mark, kind in _MARKS if head[at : at + len(mark)] == mark), None)
