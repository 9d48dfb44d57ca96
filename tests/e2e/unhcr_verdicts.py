"""UNHCR's verdicts by pandas alone, straight from the sheets: nothing of Fruition is used here.

`python -m tests.e2e.unhcr_verdicts FOLDER` prints how often actual ÷ target, the formula of the tools in use today, says
something else than actual − baseline ÷ target − baseline.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

YEARS = (2022, 2023)
TOLERANCE = 0.1
NOISE = 1e-9
PREFIX = "result_indicator_"


def read(folder: Path) -> pd.DataFrame:
    """Both years' rows: file, line, baseline, target and actual."""
    names = [f"iati_result_{year}.xlsx" for year in YEARS]
    frames = [(name, pd.read_excel(folder / name, engine="calamine")) for name in names]
    rows = pd.concat([frame.assign(file=name, line=frame.index + 2) for name, frame in frames], ignore_index=True)
    values = {f"{PREFIX}{name}_value": name for name in ("baseline", "target", "actual")}
    return rows.rename(columns=values)[["file", "line", *values.values()]]


def verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with two verdicts: by the change that was promised, and by the target alone.

    Promised is target − baseline. A tenth of it in the wrong direction is tolerated before a row has *moved away*.
    """
    promised = rows["target"] - rows["baseline"]
    realised = (rows["actual"] - rows["baseline"]) / promised.where(promised != 0)
    reached = rows["actual"] / rows["target"].where(rows["target"] != 0)
    return rows.assign(
        by_change=realised.map(
            lambda share: "met" if share >= 1 - NOISE else "moved away" if share < -TOLERANCE - NOISE else "partly met",
            na_action="ignore",
        ),
        by_target=reached.map(lambda share: "met" if share >= 1 - NOISE else "partly met", na_action="ignore"),
    )


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """How many rows have which pair of verdicts; `none` where a formula has nothing to divide by."""
    return pd.crosstab(rows["by_change"].fillna("none"), rows["by_target"].fillna("none"))


if __name__ == "__main__":
    print(compared(verdicts(read(Path(sys.argv[1])))))
