"""Adam is torch's own, to the bit, and heavy modules are imported by those who need them alone."""

import subprocess
import sys

import pytest
import torch

from clmr.compute.adam import Adam

TRAIN = """
import sys, torch
from clmr.compute.adam import Adam
weight = torch.nn.Parameter(torch.ones(3, 2))
optimizer = Adam([weight], lr=0.1)
weight.sum().backward()
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
print(round(weight[0, 0].item(), 3), "torch._dynamo" in sys.modules)
"""


def printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_those_of_torch(decay):
    generator = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(5, 3, generator=generator), torch.randn(4, 5, 3, generator=generator)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizers = (
        Adam([{"params": [ours], "weight_decay": decay}], lr=0.03),
        torch.optim.Adam([theirs], lr=0.03, weight_decay=decay, fused=True),
    )
    for gradient in gradients:
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, start)


def test_it_is_made_and_used_without_the_compiler():
    assert printed(TRAIN) == ["0.9", "False"]


def test_the_compiler_still_works_afterwards():
    code = TRAIN + "import torch._dynamo\ntorch._dynamo.disable(lambda: None)()\nprint('compiled')"
    assert printed(code)[-1] == "compiled"


def test_evaluation_waits_for_neither_scikit_learn_nor_torchaudio_nor_matplotlib():
    heavy = ("sklearn", "torchaudio", "matplotlib", "seaborn", "papermill", "music21", "tinysoundfont")
    code = f"import sys, clmr.pipeline.stages.evaluate\nprint([m for m in {heavy} if m in sys.modules])"
    assert printed(code) == ["[]"]


def test_reading_parameters_renders_nothing():
    heavy = ("music21", "tinysoundfont", "sklearn", "matplotlib")
    code = f"import sys, clmr.pipeline.plan\nprint([m for m in {heavy} if m in sys.modules])"
    assert printed(code) == ["[]"]
