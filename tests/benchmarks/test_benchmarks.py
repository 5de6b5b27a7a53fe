"""The benchmarks: that they compare like with like, run, and hide neither a missing peer nor a missing GPU."""

import math
import os
import types

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import augmentation_chain, embedding, flops, limits, memory, probe, training_step
from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import CheckError, checked_difference
from benchmarks.limits import map_values
from benchmarks.plain import PlainTraining, with_weights_of
from benchmarks.processes import in_fresh_process, peak_memory_gb, returning_freed_memory
from benchmarks.report import NOT_INSTALLED, NOT_MEASURED, json_file, record, table, write_record, write_table
from benchmarks.timing import repeated_s
from benchmarks.workloads import synthetic_audio, thesis_chain
from clmr.models.heads import projector
from clmr.models.initialisation import initialise
from clmr.models.sample_cnn import FORMATS, SampleCNN, SampleCNNParams
from clmr.storage.files import read_json

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def on_one_core_of_the_cpu(monkeypatch):
    monkeypatch.setenv("CLMR_DEVICE", "cpu")
    monkeypatch.setenv("CLMR_WORKERS", "1")


def in_this_process(monkeypatch: pytest.MonkeyPatch, module: types.ModuleType) -> None:
    """Importing torch once more takes seconds."""
    monkeypatch.setattr(module, "in_fresh_process", lambda work, *arguments: work(*arguments))


def benchmark(**changes) -> Benchmark:
    values = {
        "name": "speed", "claim": "It is fast.", "unit": "clips/s", "ours": 10.0,
        "peers": {"slow": 2.0, "absent": None}, "goal": Goal(4, ">= 4x"),
        "notes": ("On tones.",), "repeats_s": {"ours": [0.2]},
    }  # fmt: skip
    return Benchmark(**(values | changes))


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("sample_rate_hz", sorted(FORMATS))
def test_the_plain_encoder_computes_what_ours_computes(sample_rate_hz):
    encoder = SampleCNN(SampleCNNParams("sample_cnn", sample_rate_hz, width=4)).eval()
    initialise(encoder, torch.Generator().manual_seed(0))
    audio = synthetic_audio(3, encoder.params.clip_samples, sample_rate_hz)
    with torch.no_grad():
        torch.testing.assert_close(with_weights_of(encoder)(audio), encoder(audio), atol=1e-5, rtol=1e-5)


def test_the_plain_implementation_learns():
    params = SampleCNNParams("sample_cnn", 8_000, width=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        training = PlainTraining(params, CPU)
    audio = synthetic_audio(4, params.clip_samples, 8_000)
    losses = [training.step(audio, 0.9 * audio).item() for _ in range(12)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("sample_rate_hz", sorted(FORMATS))
def test_operations_are_those_torch_counts(sample_rate_hz):
    params = SampleCNNParams("sample_cnn", sample_rate_hz, width=4)
    network = torch.nn.Sequential(SampleCNN(params), projector("nonlinear", params.embedding_dim, 8)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, params.clip_samples))
    assert limits.forward_flop(params, projection_dim=8) == counter.get_total_flops()


def test_operations_of_the_first_layer_of_the_thesis():
    # 128 filters of 3 weights at each of 59049 / 3 positions, a product and a sum each.
    assert limits.convolution_flop(1, 128, 3, n_outputs=19_683) == 2 * 3 * 128 * 19_683
    assert limits.training_flop(SampleCNNParams("sample_cnn", 22_050, 128), 64) == pytest.approx(10.5e9, rel=0.1)


@pytest.mark.parametrize("module", [training_step, probe, embedding, flops])
def test_quick_measurements_are_positive_and_finite(module, tmp_path, monkeypatch):
    if module is training_step:
        in_this_process(monkeypatch, module)
    measured = module.measure(quick=True)
    assert measured.name == module.__name__.rpartition(".")[2]
    assert measured.compared is None
    for value in (measured.ours, measured.ratio, *measured.peers.values()):
        assert math.isfinite(value)
        assert value > 0
    for times in measured.repeats_s.values():
        assert len(times) == 2
        assert min(times) > 0
    write_record(tmp_path, record(measured, CPU, quick=True))
    assert read_json(json_file(tmp_path, measured.name, "cpu"))["quick"] is True


def test_the_whole_chain_of_the_thesis_is_timed():
    assert list(thesis_chain().steps()) == ["polarity", "noise", "gain", "filter", "delay", "pitch", "reverb"]
    size = augmentation_chain.ChainSize(8_000, batch_size=2, n_batches=1, n_peer_examples=0, n_repeats=2)
    times = augmentation_chain.our_chain_s(size, thesis_chain(), CPU)
    assert len(times) == 2
    assert min(times) > 0


def test_a_fresh_process_sees_the_allocator_it_is_to_have(monkeypatch):
    monkeypatch.setenv("MALLOC_TOP_PAD_", "7")
    assert in_fresh_process(os.getenv, "MALLOC_TOP_PAD_") == "7"
    with returning_freed_memory():
        assert in_fresh_process(os.getenv, "MALLOC_TOP_PAD_") is None
    assert os.environ["MALLOC_TOP_PAD_"] == "7"


def test_a_fresh_process_does_not_inherit_the_peak():
    ballast = b"x" * 10**9
    assert peak_memory_gb() > 1
    del ballast
    assert in_fresh_process(peak_memory_gb) < 0.9


def test_memory_is_measured_and_held_against_the_limit(monkeypatch):
    in_this_process(monkeypatch, memory)
    measured = memory.measure(quick=True)
    assert 0.1 < measured.ours < 20
    assert measured.best_peer == "the limit"
    assert measured.met == (measured.ours <= 6)


def test_a_peer_encodes_training_and_validation_in_each_epoch_and_the_test_once_per_head():
    with probe._case(quick=True) as case:
        clips = case.embed(CPU).clips
        n_test = np.isin(clips, case.store.rows("test")).sum()
        assert case.segments_encoded([3, 2]) == 5 * len(clips) - 3 * n_test


def test_work_is_warmed_up_and_repeated():
    calls = []
    assert len(repeated_s(lambda: calls.append(0), 3, CPU)) == 3
    assert len(calls) == 4


def test_the_best_peer_is_the_best_of_those_that_count():
    peers = {"fast but partial": 9.0, "slow": 2.0, "slower": 1.0, "absent": None}
    assert benchmark(peers=peers).best_peer == "fast but partial"
    counted = benchmark(peers=peers, compared=("slow", "slower", "absent"))
    assert (counted.best_peer, counted.ratio, counted.met) == ("slow", 5.0, True)
    duration = benchmark(ours=2.0, peers=peers, compared=("slow", "slower"), better="lower")
    assert (duration.best_peer, duration.ratio, duration.met) == ("slower", 0.5, False)


def test_wrong_results_are_not_timed():
    reference = torch.tensor([1.0, -4.0])
    assert checked_difference("chain", reference + 0.04, reference, 0.02) == pytest.approx(0.01, rel=1e-3)
    with pytest.raises(CheckError, match=r"chain: differs .* by 0.1 of the largest value, allowed are 0.02; not timed"):
        checked_difference("chain", reference + 0.4, reference, 0.02)
    with pytest.raises(CheckError, match="differs .* by nan"):
        checked_difference("chain", reference * float("nan"), reference, 0.02)


def test_the_table_names_missing_peers_and_the_missing_gpu(tmp_path):
    write_record(tmp_path, record(benchmark(), CPU, quick=False))
    write_table(tmp_path, ("speed", "later"))
    rows = [line for line in (tmp_path / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    peers = f"absent: {NOT_INSTALLED}<br>slow: 2.00"
    assert cells(rows[2]) == ["speed", "clips/s", "10.0", "none", "", peers, "5.00x", ">= 4x", "yes", NOT_MEASURED]
    assert cells(rows[3]) == ["later", "", NOT_MEASURED, "", "", "", "", "", "", NOT_MEASURED]
    assert {len(cells(row)) for row in rows} == {10}


def test_a_goal_may_be_a_share_of_the_limit(tmp_path):
    limited = benchmark(limit=12.5, limit_text="memory", goal=Goal(0.85, ">= 85 % of the limit", of="limit"))
    assert (limited.share, limited.met) == (0.8, False)
    assert benchmark(goal=Goal(0.85, "", of="limit")).met is None
    shown = table(("speed",), {("speed", "cpu"): record(limited, CPU, quick=False), ("speed", "cuda"): None})
    row = next(line for line in shown.splitlines() if line.startswith("| speed"))
    assert cells(row)[3:5] == ["12.5", "80 %"]
    assert "- The limit: memory." in shown


def test_maps_are_those_of_the_layers():
    params, seen = SampleCNNParams("sample_cnn", 8_000, width=4), []
    network = PlainTraining(params, CPU).encoder.sequential.eval()
    for module in network.modules():
        # Pooled maps come behind the ReLU, and where nothing is pooled they are those of the convolution.
        if isinstance(module, (torch.nn.Conv1d, torch.nn.MaxPool1d)):
            module.register_forward_hook(lambda _, inputs, output: seen.append(output.numel()))
    with torch.no_grad():
        network(torch.zeros(1, 1, params.clip_samples))
    # The last layer, of one moment, is left out.
    assert map_values(params) == sum(seen) - seen[-1]


def test_without_any_peer_the_goal_is_neither_met_nor_missed():
    alone = benchmark(peers={"absent": None})
    assert alone.ratio is None
    shown = table(("speed",), {("speed", "cpu"): record(alone, CPU, quick=False), ("speed", "cuda"): None})
    row = next(line for line in shown.splitlines() if line.startswith("| speed"))
    assert cells(row)[6:9] == ["unknown", ">= 4x", "unknown"]


def test_a_gpu_has_its_own_file_and_column(tmp_path):
    slow = record(benchmark(), CPU, quick=False)
    fast = record(benchmark(ours=40.0), CPU, quick=False)
    fast |= {"device": "cuda", "machine": slow["machine"] | {"gpu": "a GPU"}}
    for entry in (slow, fast):
        write_record(tmp_path, entry)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["speed.json", "speed_gpu.json"]
    write_table(tmp_path, ("speed",))
    shown = (tmp_path / "README.md").read_text(encoding="utf-8")
    row = next(line for line in shown.splitlines() if line.startswith("| speed"))
    assert cells(row)[2] == "10.0"
    assert cells(row)[9] == f"40.0; none; ; absent: {NOT_INSTALLED}<br>slow: 2.00; 20.0x; met: yes"
    assert "**speed** (a GPU). It is fast." in shown
