-- Run once, by the image of PostgreSQL, when the volume is new: who writes the marts, who reads them, and Superset's own.
\set fruition_password `cat /run/secrets/serving_fruition_password`
\set reader_password `cat /run/secrets/serving_reader_password`
\set superset_password `cat /run/secrets/serving_superset_password`
create role fruition login password :'fruition_password';
create role reader login password :'reader_password' connection limit 50;
create role superset login password :'superset_password';
create database fruition owner fruition;
create database superset owner superset;
revoke connect, temporary on database fruition, superset, postgres from public;
grant connect on database fruition to reader;
alter role reader set default_transaction_read_only = on;
alter role reader set idle_in_transaction_session_timeout = '60s'; -- a forgotten session must not hold up the next night
alter role reader set statement_timeout = '10min';
\connect fruition
-- Whatever Fruition makes, the reader may read; each publication carries grants over.
alter default privileges for role fruition grant usage on schemas to reader;
alter default privileges for role fruition grant select on tables to reader;
