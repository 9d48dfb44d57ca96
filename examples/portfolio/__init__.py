"""A believable portfolio to run Fruition on: a hospital group's transformation, with a story behind every gap."""

from __future__ import annotations

from examples.portfolio.writing import Example, write_example

__all__ = ["Example", "write_example"]
