"""Lanes: rounding to bfloat16, and what is asked of the processor."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from clmr.compute import lanes, vectors


def test_loops_are_kept_by_what_they_are_made_of_however_they_are_imported():
    # numba does not see that a loop is out of date when the lanes in it have changed.
    code = "from clmr.compute import map_loops; print(map_loops.pool.stats.cache_path)"
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).parent.name.startswith("loops-")


@pytest.mark.parametrize("by_instruction", [True, False])
def test_lanes_are_rounded_as_torch_rounds(by_instruction, monkeypatch):
    if by_instruction and not vectors.multiplies_pairs():
        pytest.skip("this processor has no instruction for it")
    monkeypatch.setattr(lanes, "multiplies_pairs", lambda: by_instruction)
    load, store = lanes.load, lanes.store

    @numba.njit
    def rounded(values, out):
        for index in range(0, len(values), 16):
            store(out, index, load(values, index))

    draws = torch.Generator().manual_seed(0)
    halves = torch.randn(64, generator=draws).bfloat16().view(torch.int16).to(torch.int32)
    # Numbers of all sizes, ties to either side, and what is next to a tie.
    ties = torch.stack([(halves << 16) + offset for offset in (0x8000, 0x7FFF, 0x8001)]).view(torch.float32).flatten()
    values = torch.cat([torch.randn(64, generator=draws) * 10.0 ** torch.arange(-32, 32), ties, torch.zeros(16)])
    out = np.zeros(len(values), np.int16)
    rounded(values.numpy(), out)
    assert torch.equal(torch.from_numpy(out).view(torch.bfloat16), values.bfloat16())


@pytest.mark.parametrize(("name", "value"), [("CPU_NAME", "generic"), ("CPU_FEATURES", "+avx2"), ("ENABLE_AVX", 0)])
def test_nothing_is_asked_of_a_processor_that_the_compiler_is_told_to_do_without(name, value, monkeypatch):
    monkeypatch.setattr(vectors.binding, "get_host_cpu_features", lambda: {"avx512bf16": True})
    for found in ("CPU_NAME", "CPU_FEATURES"):
        monkeypatch.setattr(numba.config, found, None)
    monkeypatch.setattr(numba.config, "ENABLE_AVX", 1)
    assert vectors.multiplies_pairs()
    monkeypatch.setattr(numba.config, name, value)
    assert not vectors.multiplies_pairs()
