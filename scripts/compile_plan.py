"""The warehouse's models, compiled beforehand for the settings at hand: an image brings the plan along.

Other settings than those it was compiled for get a plan of their own at their first build, below the home.
"""

from __future__ import annotations

import sys

from pipelines.settings import Settings
from pipelines.transform.plan import plan_of


def main() -> int:
    """Compile, unless that was done before, and say where the plan lies."""
    print(plan_of(Settings.from_environment()).folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
