"""Strict parameters: what is wrong, what is allowed and where, in every message."""

from typing import Annotated, Any, Literal

import pytest

from clmr.storage.strict import Probability, Variants, from_mapping, require, require_range, strict, to_mapping


@strict
class Inner:
    p: Probability


@strict
class Outer:
    kind: Literal["a", "b"]
    count: int
    inner: Inner
    bounds_hz: tuple[float, float]
    names: tuple[str, ...]
    parts: dict[str, Inner]
    flag: bool = False
    note: str | None = None


@strict
class Round:
    kind: Literal["round"]
    radius: float


@strict
class Square:
    kind: Literal["square"]
    side: float


SHAPES = Variants({"round": f"{__name__}:Round", "square": f"{__name__}:Square"})


@strict
class Shaped:
    shape: Annotated[Any, SHAPES]


VALID = {
    "kind": "a",
    "count": 2,
    "inner": {"p": 1},
    "bounds_hz": [1, 2.5],
    "names": ["x"],
    "parts": {"one": {"p": 0.5}},
}


def test_mapping_and_dataclass_convert_into_each_other():
    outer = from_mapping(Outer, VALID, "params.yaml: outer")
    assert outer.inner == Inner(1.0)
    assert outer.parts == {"one": Inner(0.5)}
    assert from_mapping(Outer, to_mapping(outer), "again") == outer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "outer: found unknown key extra, allowed are kind, count"),
        ({"count": None}, "outer.count: found NoneType None, expected int"),
        ({"count": True}, "outer.count: found bool True, expected int"),
        ({"count": 2.0}, "outer.count: found float 2.0, expected int"),
        ({"kind": "c"}, "outer.kind: found str 'c', allowed are 'a', 'b'"),
        ({"inner": {"p": 1.5}}, "outer.inner.p must be <= 1, got 1.5"),
        (
            {"inner": {"p": "1e-4"}},
            r"outer.inner.p: found str '1e-4', expected float \(write 0.0001; YAML takes 1e-4 for text",
        ),
        ({"inner": 3}, "outer.inner: found int 3, expected a mapping with the keys p"),
        ({"bounds_hz": [1]}, "outer.bounds_hz: found 1 values, expected more"),
        ({"bounds_hz": [1, 2, 3]}, "outer.bounds_hz: found 3 values, expected 2"),
        ({"inner": {"p": float("inf")}}, "outer.inner.p must be finite, got inf"),
        ({"inner": {"p": 10**400}}, "outer.inner.p must be finite"),
        ({"kind": []}, r"outer.kind: found list \[\], allowed are 'a', 'b'"),
        ({"bounds_hz": [1, "x"]}, r"outer.bounds_hz\[1\]: found str 'x', expected float"),
        ({"names": "x"}, "outer.names: found str 'x', expected a list"),
        ({"parts": {"one": {}}}, "outer.parts.one: missing key p"),
        ({"parts": {1: {"p": 0.5}}}, "outer.parts: found the key int 1"),
        ({"flag": 1}, "outer.flag: found int 1, expected bool"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(Outer, VALID | change, "outer")


def test_missing_keys_are_named():
    with pytest.raises(ValueError, match=r"outer: missing key count; add it"):
        from_mapping(Outer, {key: value for key, value in VALID.items() if key != "count"}, "outer")


def test_ranges():
    require_range("x", (1.0, 1.0), 0.0, 2.0)
    with pytest.raises(ValueError, match=r"x must be \[low, high\]"):
        require_range("x", (2.0, 1.0), 0.0, 2.0)
    with pytest.raises(ValueError, match="y must be > 0, got -1"):
        require(False, "y", -1, "> 0")


def test_kind_tells_the_members_of_a_union_apart():
    shaped = from_mapping(Shaped, {"shape": {"kind": "square", "side": 2}}, "x")
    assert shaped == Shaped(Square("square", 2.0))
    assert from_mapping(Shaped, to_mapping(shaped), "again") == shaped


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"kind": "oval"}, "x.shape.kind: found str 'oval', allowed are round, square"),
        ({"side": 2.0}, r"x.shape: missing key kind; add it \(one of round, square\)"),
        ("square", "x.shape: found str 'square', expected a mapping with kind"),
        ({"kind": "square", "radius": 2.0}, "x.shape: found unknown key radius, allowed are kind, side"),
    ],
)
def test_what_is_wrong_in_a_union_is_named(shape, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(Shaped, {"shape": shape}, "x")
    # The same words where the union is not part of another class.
    with pytest.raises(ValueError, match=message):
        from_mapping(SHAPES, shape, "x.shape")


def test_a_union_by_itself_is_read_too():
    assert from_mapping(SHAPES, {"kind": "round", "radius": 1}, "x") == Round("round", 1.0)
