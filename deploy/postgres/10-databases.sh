#!/bin/sh
# Runs once, on an empty data folder. Roles and databases: one owner for the product's schema, one login each for the
# API and the worker, which own nothing, and one owner for Temporal's two databases. What the two logins may do is
# granted by the migrations.
set -eu

psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv owner_password NEXTGEN_DB_PASSWORD
\getenv api_password NEXTGEN_API_DB_PASSWORD
\getenv worker_password NEXTGEN_WORKER_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

CREATE ROLE nextgen LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE nextgen_api LOGIN PASSWORD :'api_password';
CREATE ROLE nextgen_worker LOGIN PASSWORD :'worker_password';
GRANT nextgen_api, nextgen_worker TO nextgen WITH ADMIN OPTION;
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';

CREATE DATABASE nextgen OWNER nextgen;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT, TEMPORARY ON DATABASE nextgen, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE nextgen TO nextgen_api, nextgen_worker;
SQL
