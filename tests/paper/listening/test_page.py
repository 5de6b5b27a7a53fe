"""The page as text: all its data, escaped, and nothing from outside."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from clmr.paper.listening.page import TEMPLATE_DIR, Head, page_html

from .pages import HARD_TITLES, TAGS, data_of, listed_corpus, without_tags

FEW = listed_corpus(n_segments=20)
MOST_LINES_OF_SCRIPT = 200


def embedded(html: str) -> dict:
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', html, flags=re.S)
    return json.loads(text)


def test_the_data_come_back_as_they_went_in():
    data = data_of(FEW)
    assert embedded(page_html(data)) == data
    (corpus,) = data["corpora"]
    assert [segment["title"] for segment in corpus["segments"][: len(HARD_TITLES)]] == list(HARD_TITLES)
    np.testing.assert_allclose(np.array(corpus["features"]).T, FEW.values, rtol=1e-3)
    np.testing.assert_allclose(np.array(corpus["scores"]).T, FEW.scores, atol=1e-4)
    assert corpus["segments"][0]["tags"] == np.flatnonzero(FEW.tags[0]).tolist()
    assert corpus["n_segments"] == 100


def test_nothing_in_the_data_ends_a_script_or_begins_an_element():
    hard = "</script><b>&\"'🎻"
    corpus = replace(FEW, tag_names=(hard, *TAGS[1:]))
    html = page_html(data_of(corpus, head=Head("<i>", (hard, *TAGS[1:]))))
    # One for the data and one for the script.
    assert html.count("</script>") == 2
    assert "<b>" not in html
    assert "<i>" not in html
    assert embedded(html)["head"]["tags"][0] == hard


def test_only_its_own_script_and_style_may_run_and_only_audio_may_be_loaded():
    html = page_html(data_of(FEW))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    for kind, element in (("script-src", r"<script>(.*?)</script>"), ("style-src", r"<style>(.*?)</style>")):
        (text,) = re.findall(element, html, flags=re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not re.findall(r"https?://|<link|@import|\bsrc=(?!x )", html.split('<script id="data"')[0])


def test_a_corpus_without_tags_and_a_page_without_a_head():
    corpus = replace(without_tags(FEW), scores=np.zeros((20, 0)))
    html = page_html(data_of(corpus, head=None))
    data = embedded(html)
    assert data["corpora"][0]["tags"] is None
    assert all("tags" not in segment for segment in data["corpora"][0]["segments"])
    assert data["head"] is None
    assert 'id="tag"' not in html
    assert "linear probe" not in html


def test_equal_data_give_equal_pages():
    assert page_html(data_of(FEW)) == page_html(data_of(listed_corpus(n_segments=20)))


def test_the_script_is_short():
    assert len((TEMPLATE_DIR / "page.js").read_text().splitlines()) <= MOST_LINES_OF_SCRIPT


def test_a_corpus_without_segments_is_refused():
    none = replace(FEW, segments=FEW.segments[:0])
    with pytest.raises(ValueError, match="found no segment to listen to in scores, where every feature is constant"):
        data_of(none)


def test_corpora_of_different_encoders_are_refused():
    with pytest.raises(ValueError, match=r"found \[64, 128\] features, expected those of one encoder"):
        data_of(FEW, replace(FEW, values=FEW.values[:, :64]))
