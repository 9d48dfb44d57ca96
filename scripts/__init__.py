"""What `make` calls: a night through Airflow, Airflow live, lints and documents."""
