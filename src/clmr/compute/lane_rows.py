"""Several lanes at once, whose sums stay in registers: what the loops of convolutions are made of.

What belongs here: operations on rows of lanes. What does not: those on single lanes (``clmr.compute.lanes``).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from clmr.compute.vectors import BITS, FLAGS, VECTOR, call, lanes_type, pointer, spread

_ADD_PAIRS = "llvm.x86.avx512bf16.dpbf16ps.512"


def _with_product(builder: Any, total: Any, value: Any, factor: Any) -> Any:
    return builder.fadd(total, builder.fmul(value, factor, flags=FLAGS), flags=FLAGS)


def _with_pairs(builder: Any, total: Any, value: Any, factor: Any) -> Any:
    # The factor first: the last operand alone may be spread as it is read from memory, which saves a quarter.
    return call(builder, _ADD_PAIRS, VECTOR, [total, factor, value])


def _with_products(context: Any, builder: Any, kinds: tuple[Any, Any], arguments: Any, n_rows: int) -> Any:
    found, values, position, distance, *place = arguments
    vector, add = (BITS, _with_pairs) if kinds[0].dtype == types.int16 else (VECTOR, _with_product)
    align = kinds[0].dtype.bitwidth // 8
    factor = builder.load(pointer(context, builder, kinds[1], place, vector), align=align)
    first = context.make_array(kinds[0])(context, builder, values).data
    for row in range(n_rows):
        source = builder.bitcast(builder.gep(first, [position]), vector.element.as_pointer())
        value = spread(builder, builder.load(source, align=align), vector)
        total = add(builder, builder.extract_value(found, row), value, factor)
        found, position = builder.insert_value(found, total, row), builder.add(position, distance)
    return found


class Rows(NamedTuple):
    """What loops do with several lanes at once, whose sums stay in registers while products are added to them.

    Attributes:
        filled: ``filled(lanes)``: every row is the lanes.
        with_products: ``with_products(rows, array, index, step, factors, at)``: every row with the lanes of ``factors``
            from ``at`` on added to it, times a value of a flat array, at ``index`` for the first row and ``step``
            further for each one after it. Both arrays are float32, or both bfloat16: then a value is a pair of
            neighbours, a lane of the factors, too, and what is added is the sum of the two products.
        put: ``put(array, index, step, rows)``: writes the rows into a flat float32 array, likewise.
    """

    filled: Callable
    with_products: Callable
    put: Callable


def rows_of_lanes(n_rows: int) -> Rows:
    """Operations on that many lanes at once. Written as variables, they would be as many copies of a loop's lines."""
    shape = ir.ArrayType(VECTOR, n_rows)

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

        return rows(lanes_type), generate

    @intrinsic
    def with_products(_typing: Any, sums: Any, array: Any, index: Any, step: Any, factors: Any, at: Any) -> Any:
        if array.dtype != factors.dtype:
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _with_products(context, builder, (array, factors), arguments, n_rows)

        return rows(rows, array, types.intp, types.intp, factors, types.intp), generate

    @intrinsic
    def put(_typing: Any, array: Any, index: Any, step: Any, sums: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, position, distance, found = arguments
            for row in range(n_rows):
                place = pointer(context, builder, array, (target, position), VECTOR)
                builder.store(builder.extract_value(found, row), place, align=4)
                position = builder.add(position, distance)
            return context.get_dummy_value()

        return types.void(array, types.intp, types.intp, rows), generate

    return Rows(filled, with_products, put)
