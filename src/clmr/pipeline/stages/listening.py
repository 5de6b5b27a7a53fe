"""Stage ``listening``: the page of Figure 7.7, on which one hears what features of an encoder respond to."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clmr.corpora.store import CLIPS_NAME, open_store, read_clips
from clmr.evaluation.embed import load_embeddings
from clmr.evaluation.frozen import embeddings_file
from clmr.evaluation.probe import Probes, train_probes
from clmr.interpret.activations import Activations, load_activations
from clmr.paper.listening.clips import audio_name, write_clips
from clmr.paper.listening.page import Head, Heard, ListedCorpus, page_data, page_html
from clmr.paper.listening.selection import head_scores, strongest_of_clips
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import ListeningStage
from clmr.storage import paths
from clmr.storage.files import write_text


def work(stage: Stage[ListeningStage]) -> None:
    """Train the head, choose segments of both corpora, and write the page and its audio."""
    params, page = stage.params, paths.listening_page()
    probes, head = trained_head(params)
    listed, n_bytes = [], 0
    for activations, corpus in activations_of_corpora(params):
        scores = head_scores(probes, activations.values)
        chosen = chosen_rows(params, activations, scores)
        listed.append(listed_corpus(corpus, activations, scores, chosen))
        store = open_store(paths.store_dir(activations.store))
        chosen_segments = listed[-1].segments
        n_bytes += write_clips(store, chosen_segments, activations.segment_samples, page.parent)
        heard = Heard(params.run, activations.sample_rate_hz, activations.segment_samples)
    html = page_html(page_data(params.scale, params.listening, heard, head, listed))
    write_text(page, html)
    counts = ", ".join(f"{len(corpus.segments)} of {corpus.n_segments} of {corpus.name}" for corpus in listed)
    print(f"segments: {counts}; page {len(html.encode()) / 1e6:.1f} MB, audio {n_bytes / 1e6:.1f} MB")


def activations_of_corpora(params: ListeningStage) -> Iterator[tuple[Activations, str]]:
    """Activations of the run's encoder on each store, and the corpus of the store."""
    for store, corpus in params.corpora.items():
        yield load_activations(paths.activations_dir(params.run, store)), corpus


def trained_head(params: ListeningStage) -> tuple[Probes, Head]:
    """The linear probe that the run's evaluation scored, trained once more on its embeddings, since none is kept."""
    store = open_store(paths.store_dir(params.head_store))
    file = embeddings_file(paths.embeddings_dir(f"evaluate@{params.run}"), params.seed)
    embeddings = load_embeddings(file)
    train, valid = (embeddings.of(store.rows(split)) for split in ("train", "valid"))
    probes = train_probes("linear", train, valid, store.tags, params.probe, params.seed)
    return probes, Head(params.corpora[params.head_store], store.tag_names)


def chosen_rows(params: ListeningStage, activations: Activations, scores: np.ndarray) -> np.ndarray:
    """Rows of the segments that the page has: the strongest of each feature and of each tag."""
    clips = activations.segments.clip_id
    by_feature = strongest_of_clips(activations.values, clips, params.listening.n_per_feature)
    by_tag = strongest_of_clips(scores, clips, params.listening.n_per_tag)
    return np.union1d(by_feature, by_tag)


def listed_corpus(corpus: str, activations: Activations, scores: np.ndarray, chosen: np.ndarray) -> ListedCorpus:
    """The chosen segments of a corpus with all that the page shows of them."""
    segments = activations.segments.iloc[chosen]
    audio = [audio_name(corpus, row) for row in chosen]
    return ListedCorpus(
        name=corpus,
        n_segments=len(activations.segments),
        segments=segments.assign(title=_titles(corpus, segments), audio=audio),
        values=activations.values[chosen],
        scores=scores[chosen],
        tags=activations.tags[chosen],
        tag_names=activations.tag_names,
    )


def _titles(corpus: str, segments: pd.DataFrame) -> pd.Series:
    """The title of each segment's clip, or its track where the corpus has none."""
    clips = read_clips(paths.corpus_dir(corpus) / CLIPS_NAME).set_index("clip_id")
    if "title" not in clips:
        return segments.track_id
    titles = segments.clip_id.map(clips.title)
    return titles.where(titles != "", segments.track_id)


def main() -> None:
    """Command line of the stage."""
    run_stage(ListeningStage, "build the listening page", ["listening"], work)


if __name__ == "__main__":
    main()
