"""Vector types of the compiler, of which lanes are one, and what processors can do with them.

What belongs here: types, and how instructions are written for the compiler. What does not: what loops are written in
(``clmr.compute.lanes`` and ``lane_rows``).
"""

from typing import Any

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from clmr.compute.compiled import LANES

VECTOR = ir.VectorType(ir.FloatType(), LANES)
BITS = ir.VectorType(ir.IntType(32), LANES)
HALVES = ir.VectorType(ir.IntType(16), LANES)
# A product and a sum may become one operation, and a zero may lose its sign; nothing is reordered.
FLAGS = ("contract", "nsz")


class _Lanes(types.Type):
    """Sixteen float32 values."""

    def __init__(self) -> None:
        super().__init__("lanes")


lanes_type = _Lanes()
"""What numba takes lanes to be."""


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def all_of(value: int) -> ir.Constant:
    """An integer in every place of a vector."""
    return ir.Constant(BITS, [value] * LANES)


def spread(builder: Any, value: Any, vector: ir.VectorType = VECTOR) -> Any:
    """One value in every place of a vector."""
    empty = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, empty, all_of(0))


def pointer(context: Any, builder: Any, kind: Any, place: tuple[Any, Any], vector: ir.VectorType) -> Any:
    """Where a vector begins in a flat array, a pair of an array and an index."""
    array, index = place
    first = builder.gep(context.make_array(kind)(context, builder, array).data, [index])
    return builder.bitcast(first, vector.as_pointer())


def call(builder: Any, name: str, result: ir.VectorType, arguments: list[Any]) -> Any:
    """The result of an instruction of the processor, by the name that the compiler has for it."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def has_wide_registers() -> bool:
    """Whether a register of this processor holds all lanes."""
    return bool(binding.get_host_cpu_features().get("avx512f"))


def multiplies_pairs() -> bool:
    """Whether this processor rounds to bfloat16 and multiplies pairs of such numbers, and the compiler knows it."""
    # A compiler that is told of another processor ends the process over an instruction that it does not know.
    config = numba.config
    as_found = config.CPU_NAME is None and config.CPU_FEATURES is None and bool(config.ENABLE_AVX)
    return as_found and bool(binding.get_host_cpu_features().get("avx512bf16"))
