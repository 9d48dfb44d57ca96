"""The source systems of the example: each module says what one department's system exports, and how."""

from __future__ import annotations

from examples.portfolio.files import SourceFile
from examples.portfolio.sources import finance, measurement, pmo, resources, vmo
from examples.portfolio.world import World

SYSTEMS = (vmo, pmo, finance, resources, measurement)


def source_files(worlds: tuple[World, ...]) -> list[SourceFile]:
    """Every file of the example, feed by feed, each feed's in the order in which they arrive."""
    return [file for system in SYSTEMS for file in system.files(worlds)]
