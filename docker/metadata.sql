-- Run once, by the image of PostgreSQL, when the volume is new: a role and a database each for Airflow and for Celery's results.
\set airflow_password `cat /run/secrets/airflow_database_password`
\set celery_password `cat /run/secrets/celery_database_password`
create role airflow login password :'airflow_password';
create role celery login password :'celery_password';
create database airflow owner airflow;
create database celery owner celery;
revoke connect, temporary on database airflow, celery, postgres from public;
