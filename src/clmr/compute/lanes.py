"""Sixteen numbers at a time in compiled loops: what the loops over maps are made of.

What belongs here: loading, storing, arithmetic and choice. What does not: the loops (``clmr.compute.map_loops``).

Lanes are a vector of the compiler's, not a loop that it may or may not turn into one: written as loops over channels,
the same arithmetic took two to eight times as long. Arrays are flat and hold float32, or bfloat16 as int16; lanes are
float32.
"""

import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from clmr.compute.compiled import LANES, kept_beside_the_source
from clmr.compute.vectors import (
    BITS,
    FLAGS,
    HALVES,
    VECTOR,
    all_of,
    call,
    lanes_type,
    multiplies_pairs,
    pointer,
    spread,
)

_ROUND = "llvm.x86.avx512bf16.cvtneps2bf16.512"


def _rounded(builder: Any, values: Any) -> Any:
    """Float32 lanes as bfloat16, rounded to nearest, ties to even; subnormal numbers may become zero."""
    if multiplies_pairs():
        return call(builder, _ROUND, HALVES, [values])
    bits = builder.bitcast(values, BITS)
    odd = builder.and_(builder.lshr(bits, all_of(16)), all_of(1))
    halves = builder.lshr(builder.add(builder.add(bits, all_of(0x7FFF)), odd), all_of(16))
    return builder.trunc(halves, HALVES)


@intrinsic
def load(_typing: Any, array: Any, index: Any) -> Any:
    """The sixteen values of a flat array from ``index`` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if array.dtype == types.float32:
            return builder.load(pointer(context, builder, array, arguments, VECTOR), align=4)
        halves = builder.load(pointer(context, builder, array, arguments, HALVES), align=2)
        return builder.bitcast(builder.shl(builder.zext(halves, BITS), all_of(16)), VECTOR)

    return lanes_type(array, types.intp), generate


@intrinsic
def store(_typing: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write lanes into a flat array from ``index`` on; to bfloat16 they are rounded to nearest, ties to even."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, position, values = arguments
        if array.dtype == types.float32:
            builder.store(values, pointer(context, builder, array, (target, position), VECTOR), align=4)
        else:
            place = pointer(context, builder, array, (target, position), HALVES)
            builder.store(_rounded(builder, values), place, align=2)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes_type), generate


@intrinsic
def splat(_typing: Any, value: Any) -> Any:
    """Lanes that all hold one float32 value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return spread(builder, arguments[0])

    return lanes_type(types.float32), generate


@intrinsic
def splat_at(_typing: Any, array: Any, index: Any) -> Any:
    """Lanes that all hold the value of a flat float32 array at ``index``, which counts from its beginning only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, position = arguments
        value = builder.load(builder.gep(context.make_array(array)(context, builder, target).data, [position]), align=4)
        return spread(builder, value)

    return lanes_type(array, types.intp), generate


def _arithmetic(symbol: Callable, instruction: str) -> None:
    """Let compiled code apply an operator of Python to lanes."""

    @intrinsic
    def apply(_typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments, flags=FLAGS)

        return lanes_type(lanes_type, lanes_type), generate

    # Not strict: numba would compare the annotations, too.
    @overload(symbol, strict=False)
    def choose(left: Any, right: Any) -> Any:
        if left == right == lanes_type:
            return lambda left, right: apply(left, right)
        return None


_OPERATORS = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
for _symbol, _instruction in _OPERATORS.items():
    _arithmetic(_symbol, _instruction)


def _selection(comparison: str) -> Callable:
    @intrinsic
    def select(_typing: Any, left: Any, right: Any, then: Any, otherwise: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.select(builder.fcmp_ordered(comparison, *arguments[:2]), *arguments[2:])

        return lanes_type(lanes_type, lanes_type, lanes_type, lanes_type), generate

    return select


# Arguments: left, right, and what is taken where the comparison holds and where it does not.
where_greater, where_equal = _selection(">"), _selection("==")


def _delay(n_lanes: int) -> Callable:
    @intrinsic
    def delayed(_typing: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            # Lanes from LANES on are those of the first operand's successor, here zeros.
            order = [LANES + lane if lane < n_lanes else lane - n_lanes for lane in range(LANES)]
            zeros = ir.Constant(VECTOR, [0.0] * LANES)
            return builder.shuffle_vector(arguments[0], zeros, ir.Constant(BITS, order))

        return lanes_type(lanes_type), generate

    return delayed


# Lanes moved up by so many places, with zeros in the first.
delayed_1, delayed_2, delayed_4, delayed_8 = (_delay(n_lanes) for n_lanes in (1, 2, 4, 8))


@intrinsic
def last(_typing: Any, lanes: Any) -> Any:
    """The value of the last lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), LANES - 1))

    return types.float32(lanes_type), generate


Loop = TypeVar("Loop", bound=Callable)


def compiled(loop: Loop) -> Loop:
    """The function, compiled for the processor when it is first called; it runs beside other threads."""
    try:
        # Here, and not where loops are imported: tests and tools import them, too.
        with kept_beside_the_source():
            return numba.njit(loop, parallel=True, nogil=True, cache=True, error_model="numpy")
    except RuntimeError:  # numba finds no folder that it may write its cache to
        return numba.njit(loop, parallel=True, nogil=True, error_model="numpy")


def part(function: Loop) -> Loop:
    """The function, as a part of compiled loops."""
    return numba.njit(function, error_model="numpy")
