# DROP of what is not there, and what is said of it.

> CREATE TABLE shelf (id serial PRIMARY KEY, title text)

> CREATE INDEX shelf_title ON shelf (title)

> CREATE TABLE IF NOT EXISTS shelf (a int)

> CREATE INDEX IF NOT EXISTS shelf_title ON shelf (title)

> CREATE TABLE IF NOT EXISTS shelf AS SELECT 1 AS a

> CREATE SCHEMA IF NOT EXISTS public

> CREATE SCHEMA public

> CREATE SCHEMA IF NOT EXISTS other

> CREATE EXTENSION IF NOT EXISTS vector

> DROP TABLE IF EXISTS nosuch, shelf_gone

> DROP TABLE nosuch

> DROP TABLE IF EXISTS other.nosuch

> DROP TABLE other.nosuch

> DROP INDEX IF EXISTS nosuch

> DROP INDEX nosuch

> DROP VIEW IF EXISTS nosuch

> DROP VIEW nosuch

> DROP MATERIALIZED VIEW IF EXISTS nosuch

> DROP SEQUENCE IF EXISTS nosuch

> DROP TYPE IF EXISTS nosuch, other CASCADE

> DROP TYPE nosuch

> DROP TYPE IF EXISTS int4

> DROP DOMAIN IF EXISTS nosuch

> DROP FUNCTION IF EXISTS nosuch

> DROP FUNCTION IF EXISTS nosuch(int, text, timestamp with time zone)

> DROP FUNCTION nosuch(int)

> DROP FUNCTION nosuch

> DROP FUNCTION IF EXISTS now()

> DROP PROCEDURE IF EXISTS nosuch()

> DROP SCHEMA IF EXISTS nosuch CASCADE

> DROP SCHEMA nosuch

> DROP SCHEMA IF EXISTS public

> DROP EXTENSION IF EXISTS nosuch

> DROP EXTENSION nosuch

> DROP EXTENSION IF EXISTS vector

> DROP TRIGGER IF EXISTS audit ON shelf

> DROP TRIGGER audit ON shelf

> DROP TRIGGER IF EXISTS audit ON nosuch

> DROP POLICY IF EXISTS mine ON shelf

> DROP ROLE IF EXISTS nosuch

> DROP USER IF EXISTS nosuch

> DROP DATABASE IF EXISTS nosuch

> DROP COLLATION IF EXISTS nosuch

# What a name means decides how it is dropped.

> DROP VIEW IF EXISTS shelf

> DROP TABLE IF EXISTS shelf_title

> DROP INDEX IF EXISTS shelf

> DROP INDEX shelf_pkey

> DROP SEQUENCE IF EXISTS shelf_id_seq

> DROP VIEW memory_facts

> SET client_min_messages = warning

> DROP TABLE IF EXISTS nosuch

> RESET client_min_messages

> DROP INDEX shelf_title

> DROP TABLE IF EXISTS shelf
