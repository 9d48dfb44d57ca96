"""Fruition's stages: plain functions that run the same from a DAG, the command line and a test."""
