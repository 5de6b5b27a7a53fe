"""Sixteen numbers at a time in compiled loops: what the loops over maps are made of.

What belongs here: loading, storing, arithmetic and choice. What does not: the loops (``clmr.compute.map_loops``).

Lanes are a vector of the compiler's, not a loop that it may or may not turn into one: written as loops over channels,
the same arithmetic took two to eight times as long. Arrays are flat and hold float32, or bfloat16 as int16; lanes are
float32.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

from clmr.compute.compiled import LANES

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_BITS = ir.VectorType(ir.IntType(32), LANES)
_HALVES = ir.VectorType(ir.IntType(16), LANES)
# A product and a sum may become one operation, and a zero may lose its sign; nothing is reordered.
_FLAGS = ("contract", "nsz")


class _Lanes(types.Type):
    """Sixteen float32 values."""

    def __init__(self) -> None:
        super().__init__("lanes")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _all(value: int) -> ir.Constant:
    return ir.Constant(_BITS, [value] * LANES)


def _spread(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, empty, _all(0))


def _pointer(context: Any, builder: Any, kind: Any, place: tuple[Any, Any], vector: ir.VectorType) -> Any:
    array, index = place
    first = builder.gep(context.make_array(kind)(context, builder, array).data, [index])
    return builder.bitcast(first, vector.as_pointer())


@intrinsic
def load(_typing: Any, array: Any, index: Any) -> Any:
    """The sixteen values of a flat array from ``index`` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if array.dtype == types.float32:
            return builder.load(_pointer(context, builder, array, arguments, _VECTOR), align=4)
        halves = builder.load(_pointer(context, builder, array, arguments, _HALVES), align=2)
        return builder.bitcast(builder.shl(builder.zext(halves, _BITS), _all(16)), _VECTOR)

    return _lanes(array, types.intp), generate


@intrinsic
def store(_typing: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write lanes into a flat array from ``index`` on; to bfloat16 they are rounded to nearest, ties to even."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, position, values = arguments
        if array.dtype == types.float32:
            builder.store(values, _pointer(context, builder, array, (target, position), _VECTOR), align=4)
        else:
            bits = builder.bitcast(values, _BITS)
            odd = builder.and_(builder.lshr(bits, _all(16)), _all(1))
            halves = builder.lshr(builder.add(builder.add(bits, _all(0x7FFF)), odd), _all(16))
            pointer = _pointer(context, builder, array, (target, position), _HALVES)
            builder.store(builder.trunc(halves, _HALVES), pointer, align=2)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), generate


@intrinsic
def splat(_typing: Any, value: Any) -> Any:
    """Lanes that all hold one float32 value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _spread(builder, arguments[0])

    return _lanes(types.float32), generate


@intrinsic
def splat_at(_typing: Any, array: Any, index: Any) -> Any:
    """Lanes that all hold the value of a flat float32 array at ``index``, which counts from its beginning only."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, position = arguments
        value = builder.load(builder.gep(context.make_array(array)(context, builder, target).data, [position]), align=4)
        return _spread(builder, value)

    return _lanes(array, types.intp), generate


def _arithmetic(symbol: Callable, instruction: str) -> None:
    """Let compiled code apply an operator of Python to lanes."""

    @intrinsic
    def apply(_typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments, flags=_FLAGS)

        return _lanes(_lanes, _lanes), generate

    # Not strict: numba would compare the annotations, too.
    @overload(symbol, strict=False)
    def choose(left: Any, right: Any) -> Any:
        if isinstance(left, _Lanes) and isinstance(right, _Lanes):
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

        return _lanes(_lanes, _lanes, _lanes, _lanes), generate

    return select


# Arguments: left, right, and what is taken where the comparison holds and where it does not.
where_greater, where_equal = _selection(">"), _selection("==")


def _delay(n_lanes: int) -> Callable:
    @intrinsic
    def delayed(_typing: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            # Lanes from LANES on are those of the first operand's successor, here zeros.
            order = [LANES + lane if lane < n_lanes else lane - n_lanes for lane in range(LANES)]
            zeros = ir.Constant(_VECTOR, [0.0] * LANES)
            return builder.shuffle_vector(arguments[0], zeros, ir.Constant(_BITS, order))

        return _lanes(_lanes), generate

    return delayed


# Lanes moved up by so many places, with zeros in the first.
delayed_1, delayed_2, delayed_4, delayed_8 = (_delay(n_lanes) for n_lanes in (1, 2, 4, 8))


@intrinsic
def last(_typing: Any, lanes: Any) -> Any:
    """The value of the last lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), LANES - 1))

    return types.float32(_lanes), generate


class Rows(NamedTuple):
    """What loops do with several lanes at once, whose sums stay in registers while products are added to them.

    Attributes:
        filled: ``filled(lanes)``: every row is the lanes.
        with_products: ``with_products(rows, array, index, step, lanes)``: every row with the lanes added to it, times
            a value of a flat float32 array, at ``index`` for the first row and ``step`` further for each one after it.
        put: ``put(array, index, step, rows)``: writes the rows into a flat float32 array, likewise.
    """

    filled: Callable
    with_products: Callable
    put: Callable


def rows_of_lanes(n_rows: int) -> Rows:
    """Operations on that many lanes at once. Written as variables, they would be as many copies of a loop's lines."""
    shape = ir.ArrayType(_VECTOR, n_rows)

    class _Rows(types.Type):
        def __init__(self) -> None:
            super().__init__(f"rows{n_rows}")

    @register_model(_Rows)
    class _RowsModel(models.PrimitiveModel):
        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, shape)

    rows = _Rows()

    @intrinsic
    def filled(_typing: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            found = ir.Constant(shape, ir.Undefined)
            for row in range(n_rows):
                found = builder.insert_value(found, arguments[0], row)
            return found

        return rows(_lanes), generate

    @intrinsic
    def with_products(_typing: Any, sums: Any, array: Any, index: Any, step: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            found, target, position, distance, factor = arguments
            first = context.make_array(array)(context, builder, target).data
            for row in range(n_rows):
                value = _spread(builder, builder.load(builder.gep(first, [position]), align=4))
                product = builder.fmul(value, factor, flags=_FLAGS)
                total = builder.fadd(builder.extract_value(found, row), product, flags=_FLAGS)
                found, position = builder.insert_value(found, total, row), builder.add(position, distance)
            return found

        return rows(rows, array, types.intp, types.intp, _lanes), generate

    @intrinsic
    def put(_typing: Any, array: Any, index: Any, step: Any, sums: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, position, distance, found = arguments
            for row in range(n_rows):
                pointer = _pointer(context, builder, array, (target, position), _VECTOR)
                builder.store(builder.extract_value(found, row), pointer, align=4)
                position = builder.add(position, distance)
            return context.get_dummy_value()

        return types.void(array, types.intp, types.intp, rows), generate

    return Rows(filled, with_products, put)


def has_wide_registers() -> bool:
    """Whether a register of this processor holds all lanes."""
    return bool(binding.get_host_cpu_features().get("avx512f"))


Loop = TypeVar("Loop", bound=Callable)


def compiled(loop: Loop) -> Loop:
    """The function, compiled for the processor when it is first called; it runs beside other threads."""
    try:
        return numba.njit(loop, parallel=True, nogil=True, cache=True, error_model="numpy")
    except RuntimeError:  # numba finds no folder that it may write its cache to
        return numba.njit(loop, parallel=True, nogil=True, error_model="numpy")


def part(function: Loop) -> Loop:
    """The function, as a part of compiled loops."""
    return numba.njit(function, error_model="numpy")
