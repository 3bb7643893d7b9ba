-- The role and the database of Hydra. Run once by somebody who may create both:
--
--   psql -U postgres -v password=YOUR-PASSWORD -f memory/postgres/create-db.sql
--
-- Without `-v password=…` psql asks for one. Once more changes the password and nothing else. The tables are Hydra's own
-- business: it makes them when it starts.

\set ON_ERROR_STOP on
\if :{?password}
\else
  \prompt 'Password for the role hydra: ' password
\endif

SELECT 'CREATE ROLE hydra' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hydra') \gexec
ALTER ROLE hydra LOGIN PASSWORD :'password';

-- Any locale will do: Hydra compares byte by byte. UTF-8 it must be.
SELECT 'CREATE DATABASE hydra OWNER hydra ENCODING ''UTF8'' TEMPLATE template0'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hydra') \gexec

-- Hydra makes its schemas itself, for which it needs CREATE; nobody else has any business there.
REVOKE ALL ON DATABASE hydra FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE hydra TO hydra;
