"""The number formats that networks compute in."""

from typing import Literal

import torch
from torch import Tensor

Precision = Literal["fp32", "bf16"]
"""``bf16`` computes convolutions and products in bfloat16; weights and sums stay float32."""


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """The context in which a network on ``device`` computes in ``precision``."""
    # bfloat16, not float16: it has the range of float32, so gradients need no scaling.
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def at_least_float32(values: Tensor) -> Tensor:
    """The values in float32, or in float64 if they already are, as sums of many numbers need them.

    >>> [at_least_float32(torch.zeros(1, dtype=dtype)).dtype for dtype in (torch.bfloat16, torch.float64)]
    [torch.float32, torch.float64]
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))
