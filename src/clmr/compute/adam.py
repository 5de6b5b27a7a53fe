"""Adam without torch's compiler, which torch otherwise imports when an optimiser is created and when it first steps.

Importing the compiler takes 1.2 s: longer than many stages compute.
"""

import inspect
from collections.abc import Iterable
from typing import Any

import torch

_WRAPPED_METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
_MARK = "__dynamo_disable"


class Adam(torch.optim.Adam):
    """torch's Adam with its fused kernel; the step is torch's own, without the wrapper meant for the compiler.

    The fused kernel updates all parameters at once, on CPUs too, instead of a dozen small operations for each. A
    network that is compiled here is compiled without its optimiser, so the compiler never sees a step.
    """

    def __init__(self, parameters: Iterable[Any], *, lr: float, weight_decay: float = 0.0) -> None:
        spare_compiler()
        super().__init__(parameters, lr=lr, weight_decay=weight_decay, fused=True)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # torch declares overloads
        """Update every parameter that has a gradient."""
        # Unwrapped: torch's wrapper imports the compiler only to switch it off.
        inspect.unwrap(torch.optim.Adam.step)(self, closure)


def spare_compiler() -> None:
    """Let optimisers be created without importing torch's compiler; does nothing where torch does not wrap them.

    torch wraps some methods of its optimisers so that the compiler leaves them alone, and imports it for that on the
    first call, whether or not anything is ever compiled. The wrapper first looks for a function marked earlier; here
    the method itself is marked.
    """
    for name in _WRAPPED_METHODS:
        method = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if method is not None and not hasattr(method, _MARK):
            setattr(method, _MARK, method)
