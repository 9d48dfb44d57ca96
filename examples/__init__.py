"""Example data to run Fruition on."""
