"""The fused block against the plain one in float64: every layer's odd cases, in training and in evaluation."""

import copy
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from clmr.compute.precision import autocast
from clmr.models import blocks, fused
from clmr.models.blocks import Layers, block, plain_block, two_blocks
from clmr.models.layout import audio_maps

CPU = torch.device("cpu")
# Relative L2 distance from float64. In bfloat16 the plain block is as far; see the last assertion of each test.
TOLERANCE = {"fp32": 2e-6, "bf16": 0.15}


@dataclass(frozen=True)
class Case:
    before: int
    after: int
    n_moments: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pool_size: int = 1
    rectify_first: bool = False
    n_examples: int = 3


CASES = {
    "first layer": Case(1, 16, 20_736, 3, stride=3),
    "first layer, samples left over": Case(1, 32, 101, 3, stride=3),
    "first layer, shorter than a block": Case(1, 16, 7, 3, stride=3),
    "pooled by 3": Case(16, 16, 300, 3, padding=1, pool_size=3),
    "pooled by 2, odd length": Case(16, 32, 257, 2, padding=1, pool_size=2),
    "pooled by 5, moments left over": Case(32, 16, 64, 5, padding=1, pool_size=5),
    "many channels": Case(16, 144, 200, 4, padding=1, pool_size=4),
    "not pooled": Case(32, 64, 100, 4, stride=2, padding=1),
    "one example": Case(16, 16, 50, 3, padding=1, pool_size=3, n_examples=1),
    "one moment": Case(16, 16, 1, 3, padding=1, n_examples=5),
    "one frame": Case(16, 16, 4, 3, padding=1, pool_size=4),
    "rectified first, pooled": Case(16, 32, 100, 3, pool_size=3, rectify_first=True),
    "rectified first, not pooled": Case(16, 16, 100, 7, padding=3, rectify_first=True),
    "audio, long kernel": Case(1, 16, 400, 16, stride=8, padding=4),
}


def layers(case: Case) -> tuple[nn.Conv1d, nn.BatchNorm2d]:
    draws = torch.Generator().manual_seed(case.n_moments)
    convolution = nn.Conv1d(case.before, case.after, case.kernel, stride=case.stride, padding=case.padding)
    norm = nn.BatchNorm2d(case.after)
    with torch.no_grad():
        for parameter in (*convolution.parameters(), *norm.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=draws))
        norm.weight[:2] = torch.tensor([0.0, -1.0])
    return convolution, norm


def maps_of(case: Case) -> torch.Tensor:
    draws = torch.Generator().manual_seed(1)
    maps = torch.randn(case.n_examples, case.before, 1, case.n_moments, generator=draws)
    return audio_maps(maps[:, 0, 0]) if case.before == 1 else maps.contiguous(memory_format=torch.channels_last)


def trained(form, case: Case, maps: torch.Tensor, precision: str = "fp32", dtype: torch.dtype = torch.float32):
    """Result of a block, and all that its backward pass and its statistics leave, by name."""
    convolution, norm = (layer.to(dtype) for layer in layers(case))
    maps = maps.to(dtype).clone().requires_grad_(case.before > 1)
    with autocast(CPU, precision):
        out = form(convolution, norm, maps, pool_size=case.pool_size, rectify_first=case.rectify_first)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(2)).to(out.dtype))
    found = {
        "out": out.detach(),
        "weight": convolution.weight.grad,
        "scale": norm.weight.grad,
        "shift": norm.bias.grad,
        "running mean": norm.running_mean,
        "running variance": norm.running_var,
    }
    return (
        found
        | ({"maps": maps.grad} if case.before > 1 else {})
        | ({"bias": convolution.bias.grad} if case.rectify_first else {})
    )


def distances(found: dict, reference: dict) -> dict[str, float]:
    assert found.keys() == reference.keys()
    return {name: relative(found[name], reference[name]) for name in found}


def relative(found: torch.Tensor, reference: torch.Tensor) -> float:
    return ((found.double() - reference).norm() / reference.norm().clamp(min=1e-12)).item()


@pytest.fixture
def fused_only(monkeypatch):
    """The plain form may not be chosen."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the plain form was chosen")

    monkeypatch.setattr(blocks, "plain_block", refuse)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.usefixtures("fused_only")
def test_the_fused_block_trains_like_the_plain_one_in_float64(case, precision):
    maps = maps_of(case)
    reference = trained(plain_block, case, maps, dtype=torch.float64)
    ours = distances(trained(block, case, maps, precision), reference)
    plain = distances(trained(plain_block, case, maps, precision), reference)
    for name, distance in ours.items():
        assert distance < max(TOLERANCE[precision], 3 * plain[name]), (name, ours, plain)
    assert ours["out"] < (TOLERANCE["fp32"] if precision == "fp32" else 1e-2)


def ties(case: Case) -> torch.Tensor:
    """Maps of few different values, so that windows hold their largest several times."""
    return maps_of(case).mul(2).round().div(2)


@pytest.mark.parametrize("case", [CASES["pooled by 3"], CASES["rectified first, pooled"]], ids=["norm", "rectified"])
@pytest.mark.usefixtures("fused_only")
def test_of_equal_values_the_first_takes_the_gradient(case):
    # Weights that are sums of few powers of two: products and sums are exact, and ties stay ties, in all formats.
    def exact(form):
        def apply(convolution, norm, maps, **settings):
            with torch.no_grad():
                convolution.weight.copy_(convolution.weight.mul(2).round().div(2))
                convolution.bias.zero_()
            return form(convolution, norm, maps, **settings)

        return apply

    maps = ties(case)
    reference = trained(exact(plain_block), case, maps, dtype=torch.float64)
    assert max(distances(trained(exact(block), case, maps), reference).values()) < TOLERANCE["fp32"]


@pytest.mark.parametrize("value", [0.0, 1.0, -300.0])
@pytest.mark.usefixtures("fused_only")
def test_constant_maps_have_no_variance(value):
    case = Case(16, 16, 30, 1, pool_size=3)
    convolution, norm = layers(case)
    with torch.no_grad():  # one product each: rounded alike in all moments
        convolution.weight.copy_(torch.eye(16)[..., None])
    out = block(convolution, norm, torch.full((2, 16, 1, 30), value), pool_size=3)
    expected = norm.bias.relu()[None, :, None, None].expand_as(out)
    torch.testing.assert_close(out, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(norm.running_var, torch.full((16,), 0.9), atol=1e-6, rtol=0)


@pytest.mark.parametrize("offset", [0.5, -1.0])
@pytest.mark.usefixtures("fused_only")
def test_an_offset_of_the_audio_costs_the_first_layer_no_digits(offset):
    case = CASES["first layer, samples left over"]
    audio = (maps_of(case).mul(1e-3) + offset).contiguous(memory_format=torch.channels_last)
    reference = trained(plain_block, case, audio, dtype=torch.float64)
    # The deviation is a thousandth of the offset, so a rounding error of the audio is a thousand times as large.
    assert distances(trained(block, case, audio), reference)["out"] < 1e-3


@pytest.mark.parametrize("name", ["first layer", "pooled by 2, odd length", "not pooled", "one example"])
@pytest.mark.usefixtures("fused_only")
def test_the_fused_block_evaluates_like_the_plain_one(name):
    case, maps = CASES[name], maps_of(CASES[name])
    convolution, norm = layers(case)
    with torch.no_grad():
        norm.running_mean.copy_(torch.linspace(-1, 1, case.after))
        norm.running_var.copy_(torch.linspace(0.5, 2, case.after))
    convolution, norm = convolution.eval(), norm.eval()
    with torch.inference_mode():
        found = block(convolution, norm, maps, pool_size=case.pool_size)
    doubled = copy.deepcopy(convolution).double(), copy.deepcopy(norm).double()
    assert relative(found, plain_block(*doubled, maps.double(), pool_size=case.pool_size).detach()) < 1e-6


@dataclass(frozen=True)
class Pair:
    n_samples: int
    channels: tuple[int, int]
    kernel: int
    padding: int = 1
    pool_size: int = 3
    n_examples: int = 3


PAIRS = {
    "of the encoder": Pair(20_736, (16, 16), 3),
    "wider": Pair(900, (16, 32), 3),
    "stretches end with the maps": Pair(3 * 96, (16, 32), 3),
    "samples and moments left over": Pair(512, (32, 16), 4, pool_size=4),
    "shorter than a stretch": Pair(16, (16, 16), 2, pool_size=2),
    "one frame": Pair(9, (16, 16), 3),
    "without padding, not pooled": Pair(310, (32, 16), 5, padding=0, pool_size=1),
    "long kernel, much padding": Pair(310, (16, 16), 8, padding=4, pool_size=2),
    "one example": Pair(310, (32, 32), 3, n_examples=1),
}


def pair_of(case: Pair) -> tuple[Layers, Layers]:
    below = Case(1, case.channels[0], 5, 3, stride=3)
    above = Case(*case.channels, 6, case.kernel, padding=case.padding)
    pair = Layers(*layers(below), 1), Layers(*layers(above), case.pool_size)
    for one in pair:
        one.norm.eval()
        with torch.no_grad():
            one.norm.running_mean.copy_(torch.linspace(-1, 1, one.norm.num_features))
            one.norm.running_var.copy_(torch.linspace(0.5, 2, one.norm.num_features))
    return pair


# Number formats, in one of which loops multiply pairs where the processor can, and what rounding leaves of them.
FORMS = {"fp32": 1e-6, "bf16": 2**-8, "bf16, in pairs": 2**-7}
MOST_CHANNELS = {"fp32": 64, "bf16": 32, "bf16, in pairs": 128}


@pytest.fixture(params=FORMS)
def form(request, monkeypatch):
    loops, in_pairs = blocks._loops(torch.bfloat16), request.param == "bf16, in pairs"
    if in_pairs and not loops.convolution.TAKES_PAIRS:
        pytest.skip("this processor does not multiply pairs of bfloat16")
    monkeypatch.setattr(loops.convolution, "TAKES_PAIRS", in_pairs)
    return request.param


def plain_pair(pair: tuple[Layers, Layers], maps: torch.Tensor) -> torch.Tensor:
    """Two plain blocks, one after the other, in the format of the maps."""
    for one in pair:
        layers = (copy.deepcopy(layer).to(maps.dtype) for layer in (one.convolution, one.norm))
        maps = plain_block(*layers, maps, pool_size=one.pool_size).detach()
    return maps


@pytest.mark.parametrize("case", PAIRS.values(), ids=PAIRS)
def test_two_blocks_in_one_pass_evaluate_like_two_plain_ones(case, form):
    pair, audio = pair_of(case), maps_of(Case(1, 1, case.n_samples, 3, n_examples=case.n_examples))
    with torch.inference_mode(), autocast(CPU, form[:4]):
        found = two_blocks(*pair, audio)
    assert found.dtype == (torch.float32 if form == "fp32" else torch.bfloat16)
    reference = plain_pair(pair, audio.double())
    assert found.shape == reference.shape
    assert relative(found, reference) < FORMS[form]
    if form != "fp32":
        assert relative(found, reference) < relative(plain_pair(pair, audio.bfloat16()), reference)


def test_many_channels_are_evaluated_like_few(form):
    most = MOST_CHANNELS[form]
    pair, audio = pair_of(Pair(310, (most, most), 3)), maps_of(Case(1, 1, 310, 3))
    with torch.inference_mode(), autocast(CPU, form[:4]):
        found = two_blocks(*pair, audio)
        assert two_blocks(*pair_of(Pair(310, (16, most + 16), 3)), audio) is None
    assert relative(found, plain_pair(pair, audio.double())) < FORMS[form]


@pytest.mark.parametrize(
    "change",
    [
        {"channels": (16, 80)},
        {"channels": (16, 24)},
        {"kernel": 9, "padding": 4},
        {"pool_size": 49},
    ],
    ids=str,
)
def test_other_pairs_are_evaluated_one_by_one(change):
    case = replace(PAIRS["wider"], **change)
    with torch.inference_mode():
        assert two_blocks(*pair_of(case), maps_of(Case(1, 1, case.n_samples, 3))) is None


@pytest.mark.parametrize("mode", ["training", "with gradients", "on another device"])
def test_two_blocks_are_computed_one_by_one(mode):
    first, second = pair_of(PAIRS["wider"])
    audio = maps_of(Case(1, 1, 900, 3)).to("meta" if mode == "on another device" else "cpu")
    first.norm.train(mode == "training")
    second.norm.train(mode == "training")
    with torch.set_grad_enabled(mode == "with gradients"):
        assert two_blocks(first, second, audio) is None


def test_gradients_in_evaluation_mode_are_left_to_torch():
    case = CASES["pooled by 3"]
    convolution, norm = layers(case)
    maps = maps_of(case).requires_grad_()
    block(convolution, norm.eval(), maps, pool_size=3).sum().backward()
    assert maps.grad.abs().sum() > 0


def test_results_do_not_depend_on_the_number_of_threads():
    case, before = Case(16, 32, 900, 1, pool_size=3, n_examples=7), torch.get_num_threads()
    maps = maps_of(case)
    norms = []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            convolution, norm = layers(case)
            # The loops alone: torch's convolutions may divide sums otherwise.
            with torch.no_grad():
                convolution.weight.copy_(torch.eye(32, 16)[..., None])
            out = block(convolution, norm, maps, pool_size=3)
            norms.append((out.detach(), norm.running_mean, norm.running_var))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*norms, strict=True))


def test_a_second_backward_pass_is_refused():
    case = CASES["pooled by 3"]
    out = block(*layers(case), maps_of(case), pool_size=3).sum()
    out.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="one backward pass only"):
        out.backward()


def test_one_value_per_channel_is_refused_as_by_torch():
    case = Case(16, 16, 1, 1, n_examples=1)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        block(*layers(case), maps_of(case))


@pytest.mark.parametrize("width", [4, 24])
def test_other_numbers_of_channels_are_left_to_torch(width, monkeypatch):
    monkeypatch.setattr(fused, "block", None)
    case = Case(16, width, 30, 3, pool_size=3)
    assert block(*layers(case), maps_of(case), pool_size=3).shape == (3, width, 1, 9)


def test_trying_the_loops_leaves_the_global_generator_alone():
    blocks._loops.cache_clear()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert blocks._loops(torch.float32) is not None
    assert torch.equal(torch.rand(3), expected)


def test_the_loops_may_be_tried_first_in_inference_mode():
    blocks._loops.cache_clear()
    with torch.inference_mode():
        assert blocks._loops(torch.float32) is not None


STEP = """
import torch
from torch import nn
from clmr.models.blocks import Layers, block, plain_block, two_blocks
from clmr.compute.compiled import in_use
torch.manual_seed(0)
layer, norm, maps = nn.Conv1d(16, 16, 3), nn.BatchNorm2d(16), torch.randn(2, 16, 1, 32)
out = block(layer, norm, maps, pool_size=3)
out.sum().backward()
torch.testing.assert_close(out, plain_block(layer, norm, maps, pool_size=3), atol=1e-5, rtol=0)
first, audio = nn.Conv1d(1, 16, 3, stride=3), torch.randn(2, 1, 1, 300)
pair = Layers(first, nn.BatchNorm2d(16).eval(), 1), Layers(layer, norm.eval(), 3)
with torch.inference_mode():
    joint = two_blocks(*pair, audio)
    single = plain_block(layer, norm, plain_block(*pair[0][:2], audio), pool_size=3)
assert (joint is None) == (in_use() == "none")
if joint is not None:
    torch.testing.assert_close(joint, single, atol=1e-5, rtol=0)
print(in_use())
"""


def step_in_new_process(before: str = "", **variables: str) -> tuple[str, list[str]]:
    """What a step prints, and its lines of log."""
    environment = os.environ | variables
    command = [sys.executable, "-c", before + STEP]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr.strip().splitlines()


def test_without_numba_torch_computes_alone():
    printed, logged = step_in_new_process("import sys; sys.modules['numba'] = None\n")
    assert printed == "none"
    assert len(logged) == 1
    assert "going on without compiled loops" in logged[0]


def test_a_damaged_cache_is_survived(tmp_path):
    variables = {"NUMBA_CACHE_DIR": str(tmp_path)}
    step_in_new_process(**variables)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(b"not what numba wrote")
    _, logged = step_in_new_process(**variables)
    assert len(logged) == 1
    assert "compiled loops" in logged[0]


def test_a_cache_that_cannot_be_written_is_survived(tmp_path):
    # A file where the folder should be: root may write anywhere else.
    (tmp_path / "file").touch()
    printed, logged = step_in_new_process(NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert printed.startswith("numba ")
    assert len(logged) <= 1
