"""Stage ``store@<name>``: a corpus as PCM at one sample rate."""

from pathlib import Path

from clmr.compute.runtime import n_workers
from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.store import CLIPS_NAME, STORE_NAME, TAGS_NAME
from clmr.pipeline import paths
from clmr.pipeline.provenance import recorded
from clmr.pipeline.resuming import resumable
from clmr.pipeline.stages.entry import stage_of_command_line
from clmr.storage.files import read_json
from clmr.storage.strict import from_mapping


def main() -> None:
    """Build the store that the command line names."""
    stage = stage_of_command_line("store", "build a PCM store")
    params = from_mapping(StoreParams, stage.params["stores"][stage.key], f"params.yaml: stores.{stage.key}")
    corpus, store = paths.corpus_dir(params.corpus), paths.store_dir(stage.key)
    code = Path(__file__).read_text(encoding="utf-8")
    inputs = [corpus / CLIPS_NAME, corpus / TAGS_NAME]
    with recorded(stage.name, stage.params, code), resumable(stage.name, stage.params, code, inputs) as work:
        build_store(corpus, params, store, work, n_workers())
    facts = read_json(store / STORE_NAME)
    print(f"{facts['n_clips']} clips at {facts['sample_rate_hz']} Hz, {len(facts['skipped'])} skipped")


if __name__ == "__main__":
    main()
