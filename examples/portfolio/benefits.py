"""All benefits of the example."""

from __future__ import annotations

from examples.portfolio import benefits_care, benefits_support

BENEFITS = (
    *benefits_care.FLOW,
    *benefits_support.DIGITAL,
    *benefits_care.ELECTIVE,
    *benefits_care.OUTPATIENTS,
    *benefits_support.WORKFORCE,
    *benefits_support.DIAGNOSTICS,
    *benefits_support.ESTATES,
    *benefits_care.QUALITY,
)
