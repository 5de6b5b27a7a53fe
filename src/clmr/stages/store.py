"""Stage ``store@<name>``: a corpus as PCM at one sample rate."""

import argparse
from pathlib import Path

from clmr import paths
from clmr.config import from_mapping
from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.store import CLIPS_NAME, STORE_NAME, TAGS_NAME
from clmr.declared import declared_params
from clmr.files import read_json
from clmr.provenance import recorded
from clmr.resuming import resumable
from clmr.runtime import n_workers


def main() -> None:
    """Build the store that the command line names."""
    parser = argparse.ArgumentParser(description="build a PCM store")
    parser.add_argument("name", help="key of stores: in params.yaml")
    name = parser.parse_args().name
    stage = f"store@{name}"
    declared = declared_params(stage)
    params = from_mapping(StoreParams, declared["stores"][name], f"params.yaml: stores.{name}")
    corpus = paths.corpus_dir(params.corpus)
    code = Path(__file__).read_text(encoding="utf-8")
    inputs = [corpus / CLIPS_NAME, corpus / TAGS_NAME]
    with recorded(stage, declared, code), resumable(stage, declared, code, inputs) as work:
        build_store(corpus, params, paths.store_dir(name), work, n_workers())
    facts = read_json(paths.store_dir(name) / STORE_NAME)
    print(f"{facts['n_clips']} clips at {facts['sample_rate_hz']} Hz, {len(facts['skipped'])} skipped")


if __name__ == "__main__":
    main()
