"""Comparisons with bounds, which allow for the last bits of a sum (3, introduction)."""

from __future__ import annotations

from fractions import Fraction

EPSILON = Fraction(1, 10**9)


def at_least(left: Fraction, right: Fraction) -> bool:
    """left >= right, within an epsilon relative to the larger side."""
    return left >= right - EPSILON * max(abs(left), abs(right))


def is_above_zero(improvement: Fraction, scale: Fraction) -> bool:
    """improvement > 0, within an epsilon relative to the values it is a difference of."""
    return improvement > EPSILON * scale


def more_than(left: Fraction, right: Fraction) -> bool:
    """left > right by more than an epsilon relative to the larger side."""
    return not at_least(right, left)
