"""`python -m pipelines` is the `fruition` command."""

from pipelines.cli import main

main()
