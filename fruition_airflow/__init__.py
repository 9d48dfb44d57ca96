"""What Airflow must be able to import: triggers, assets and defaults that the DAG files share. See `plugins/`, `scheduler/`."""
