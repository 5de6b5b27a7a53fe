"""Tables 2.4 and 5.1 are measured on the networks, and say where the thesis prints otherwise."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from clmr.models.sample_cnn import FORMATS, SampleCNNParams
from clmr.models.sample_cnn_tagger import SampleCNNTaggerParams
from clmr.paper import architecture, architecture_markdown, writing
from clmr.storage import paths

from .examples import ROOT

NARROW = SampleCNNParams("sample_cnn", 8_000, width=2, level="one_rms")
THESIS_SIZE = "the thesis's size: 22050 Hz, width 128"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(ROOT))


@pytest.fixture
def layers() -> pd.DataFrame:
    return architecture.layer_table(architecture.printed_layers(), NARROW, n_tags=5)


def test_the_thesis_size_has_the_layers_of_the_released_model(layers):
    full = layers[layers.network == THESIS_SIZE]
    assert full.n_parameters.sum() == 2_394_162
    assert full.layer.tolist() == [
        "input", "conv_block", *["conv_block", "max_pool"] * 9, "conv_block", "dropout", "fully_connected",
    ]  # fmt: skip
    pooled = full[full.layer == "max_pool"]
    assert pooled.length.tolist() == [3**power for power in range(8, -1, -1)]
    assert pooled.channels.tolist() == [128] * 2 + [256] * 6 + [512]


def test_what_the_thesis_prints_otherwise_is_named(layers):
    full = layers[layers.network == THESIS_SIZE]
    differs = full[full.differs != ""]
    assert list(zip(differs.layer, differs.length, differs.differs, strict=True)) == [
        ("max_pool", 6_561, "padding"),
        ("max_pool", 2_187, "channels, padding"),
        *(("max_pool", 3**power, "padding") for power in range(6, 1, -1)),
        ("conv_block", 9, "channels"),
        ("max_pool", 3, "channels, padding"),
        ("max_pool", 1, "padding"),
    ]


def test_the_network_that_is_used_stands_below_without_printed_values(layers):
    used = layers[layers.network == "used here: 8000 Hz, width 2"]
    assert used.layer.tolist()[-2:] == ["conv_block", "fully_connected"]
    assert used.iloc[-1][["length", "channels"]].tolist() == [1, 5]
    assert used.filter(like="thesis_").isna().to_numpy().all()
    assert len(layers[layers.network == THESIS_SIZE]) + len(used) == len(layers)


def test_a_network_of_the_thesis_size_stands_there_once():
    encoder = SampleCNNParams("sample_cnn", 22_050, width=128)
    table = architecture.layer_table(architecture.printed_layers(), encoder, n_tags=188)
    assert table.network.unique().tolist() == [THESIS_SIZE]


def test_layers_are_those_that_audio_passes_through():
    params = SampleCNNTaggerParams("sample_cnn", 12_000, width=2, dropout=0.5)
    table = architecture.tagger_layers(params, n_tags=3)
    tagger, shapes = params.build(3).eval(), []
    for block in tagger.encoder.sequential:
        block.register_forward_hook(lambda block, inputs, output: shapes.append((output.shape[3], output.shape[1])))
    tagger(torch.zeros(2, params.clip_samples))
    # The last row of a block is its pooling, if it has one.
    followed = table.layer.shift(-1) == "max_pool"
    blocks = table[table.layer.isin(["conv_block", "max_pool"]) & ~followed]
    assert list(zip(blocks.length, blocks.channels, strict=True)) == shapes
    assert table.n_parameters.sum() == sum(parameter.numel() for parameter in tagger.parameters())


def test_measuring_leaves_the_global_generator_alone():
    state = torch.random.get_rng_state()
    architecture.tagger_layers(SampleCNNTaggerParams("sample_cnn", 8_000, width=2, dropout=0.5), n_tags=3)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_other_layers_in_the_file_are_refused():
    printed = architecture.printed_layers()
    fewer = replace(printed, layers=printed.layers[:-2] + printed.layers[-1:])
    with pytest.raises(ValueError, match="found the layers input, .* but the network has .*; list one for each"):
        architecture.layer_table(fewer, NARROW, n_tags=5)


def test_formats_are_the_corrected_ones_of_the_thesis():
    printed = architecture.printed_formats()
    table = architecture.format_table(printed, width=2).set_index("sample_rate_hz")
    assert set(table.index) == set(FORMATS) == {row.sample_rate_hz for row in printed}
    for row in printed:
        built = table.loc[row.sample_rate_hz]
        assert built.samples == row.samples
        assert built.kernels == built.poolings == " ".join(str(stride) for stride in row.strides)
        assert built.frames == 1
    assert table.differs.to_dict() == {22_050: "kernels", 16_000: "samples, kernels", 12_000: "", 8_000: ""}
    assert table.thesis_samples.isna().to_dict() == {22_050: False, 16_000: False, 12_000: True, 8_000: False}


def test_the_formats_have_the_parameters_of_the_released_models():
    table = architecture.format_table(architecture.printed_formats(), width=128)
    # Without the linear layer, 512 weights and a bias for each of fifty tags.
    assert (table.n_parameters + 513 * 50).tolist() == [2_394_162, 2_328_626, 2_263_090, 2_197_554]


def test_tables_read_the_same_for_readers_before_and_after_they_were_written(layers, repository):
    formats = architecture.format_table(
        [architecture.PrintedFormat(16_000, 43_740, (3,), printed_samples=43_470, printed_strides=(3, 5))], width=2
    )
    for table, name, in_words in (
        (layers, "table_2_4", architecture_markdown.layers_markdown),
        (formats, "table_5_1", architecture_markdown.formats_markdown),
    ):
        writing.save_table(table, name)
        assert in_words(writing.read_table(name)) == in_words(table)


def test_readers_see_layers_in_words(layers):
    text = architecture_markdown.layers_markdown(layers)
    assert f"| **{THESIS_SIZE}** |  |  | **2,394,162** |  |  |  |" in text
    assert "| input | 59049 × 1 |  | 0 | 59049 × 1 |  |  |" in text
    assert "| convolution, batch norm, ReLU | 19683 × 128 | 3 / 3 / 0 | 768 |  | 3 / 3 / 0 |  |" in text
    assert "| max pooling | 2187 × 128 | 3 / 3 / 0 | 0 | 2187 × 256 | 3 / 3 / 1 | channels, padding |" in text
    assert "nan" not in text.lower()


def test_kernels_that_are_not_those_of_the_poolings_are_shown_apart():
    table = architecture.format_table(architecture.printed_formats(), width=2)
    text = architecture_markdown.formats_markdown(table.assign(poolings="2 2"))
    assert "| 22050 | 59049 | 2678 | 3 3 3 3 3 3 3 3 3; poolings 2 2 | 1 |" in text
    assert "| 22050 | 59049 | 2678 | 3 3 3 3 3 3 3 3 3 | 1 |" in architecture_markdown.formats_markdown(table)
