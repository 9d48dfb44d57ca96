"""Comparisons with bounds, which allow for the last bits of a sum (3, introduction)."""

from __future__ import annotations

from fractions import Fraction

EPSILON = Fraction(1, 10**9)


def at_least(left: Fraction, right: Fraction, scale: Fraction = Fraction(0)) -> bool:
    """left >= right, within an epsilon relative to the larger side, or to the values that a side is a difference of."""
    return left >= right - EPSILON * max(abs(left), abs(right), scale)


def more_than(left: Fraction, right: Fraction, scale: Fraction = Fraction(0)) -> bool:
    """left > right by more than such an epsilon."""
    return not at_least(right, left, scale)


def is_above_zero(improvement: Fraction, scale: Fraction) -> bool:
    """improvement > 0 by more than such an epsilon."""
    return more_than(improvement, Fraction(0), scale)
