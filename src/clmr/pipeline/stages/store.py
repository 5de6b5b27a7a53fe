"""Stage ``store@<role>``: a corpus as PCM at one sample rate."""

from clmr.compute.runtime import n_workers
from clmr.corpora.build_store import build_store
from clmr.corpora.problems import PROBLEMS_NAME, counted, read_problems
from clmr.corpora.store import CLIPS_NAME, STORE_NAME, TAGS_NAME
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import StoreStage
from clmr.storage import paths
from clmr.storage.files import read_json


def work(stage: Stage[StoreStage]) -> None:
    """Build the store of a role from its corpus, or resume an interrupted build."""
    params = stage.params.store
    corpus, store = paths.corpus_dir(params.corpus), paths.store_dir(stage.key)
    # The tables identify the corpus: digesting its audio would mean reading all of it twice.
    with stage.resumable([corpus / CLIPS_NAME, corpus / TAGS_NAME]) as unfinished:
        # At least two: in this process, a faulty decoder would end the build.
        build_store(corpus, params, store, unfinished, max(2, n_workers()))
    facts = read_json(store / STORE_NAME)
    print(f"{facts['n_clips']} clips at {facts['sample_rate_hz']} Hz, {len(facts['skipped'])} skipped")
    if problems := read_problems(store):
        print(f"{counted(problems)}; each with its reason in {store / PROBLEMS_NAME}")


def main() -> None:
    """Command line of the stage."""
    run_stage(StoreStage, "build a PCM store", ["store"], work)


if __name__ == "__main__":
    main()
