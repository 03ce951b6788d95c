# DROP of what is not there, and what is said of it.

> CREATE TABLE shelf (id serial PRIMARY KEY, title text)
CREATE TABLE

> CREATE INDEX shelf_title ON shelf (title)
CREATE INDEX

> CREATE TABLE IF NOT EXISTS shelf (a int)
NOTICE: relation "shelf" already exists, skipping
CREATE TABLE

> CREATE INDEX IF NOT EXISTS shelf_title ON shelf (title)
NOTICE: relation "shelf_title" already exists, skipping
CREATE INDEX

> CREATE TABLE IF NOT EXISTS shelf AS SELECT 1 AS a
NOTICE: relation "shelf" already exists, skipping
CREATE TABLE AS

> CREATE SCHEMA IF NOT EXISTS public
NOTICE: schema "public" already exists, skipping
CREATE SCHEMA

> CREATE SCHEMA public
ERROR 42P06: schema "public" already exists

> CREATE SCHEMA IF NOT EXISTS other
CREATE SCHEMA

> CREATE EXTENSION IF NOT EXISTS vector
NOTICE: extension "vector" already exists, skipping
CREATE EXTENSION

> DROP TABLE IF EXISTS nosuch, shelf_gone
NOTICE: table "nosuch" does not exist, skipping
NOTICE: table "shelf_gone" does not exist, skipping
DROP TABLE

> DROP TABLE nosuch
ERROR 42P01: table "nosuch" does not exist
LINE 1: DROP TABLE nosuch
                   ^

> DROP TABLE IF EXISTS other.nosuch
NOTICE: table "nosuch" does not exist, skipping
DROP TABLE

> DROP TABLE other.nosuch
ERROR 42P01: table "nosuch" does not exist
LINE 1: DROP TABLE other.nosuch
                   ^

> DROP INDEX IF EXISTS nosuch
NOTICE: index "nosuch" does not exist, skipping
DROP INDEX

> DROP INDEX nosuch
ERROR 42704: index "nosuch" does not exist
LINE 1: DROP INDEX nosuch
                   ^

> DROP VIEW IF EXISTS nosuch
NOTICE: view "nosuch" does not exist, skipping
DROP VIEW

> DROP VIEW nosuch
ERROR 42P01: view "nosuch" does not exist
LINE 1: DROP VIEW nosuch
                  ^

> DROP MATERIALIZED VIEW IF EXISTS nosuch
NOTICE: materialized view "nosuch" does not exist, skipping
DROP MATERIALIZED VIEW

> DROP SEQUENCE IF EXISTS nosuch
NOTICE: sequence "nosuch" does not exist, skipping
DROP SEQUENCE

> DROP TYPE IF EXISTS nosuch, other CASCADE
NOTICE: type "nosuch" does not exist, skipping
NOTICE: type "other" does not exist, skipping
DROP TYPE

> DROP TYPE nosuch
ERROR 42704: type "nosuch" does not exist

> DROP TYPE IF EXISTS int4
ERROR 2BP01: cannot drop type int4 because it is required by the database system

> DROP DOMAIN IF EXISTS nosuch
NOTICE: type "nosuch" does not exist, skipping
DROP DOMAIN

> DROP FUNCTION IF EXISTS nosuch
NOTICE: function nosuch() does not exist, skipping
DROP FUNCTION

> DROP FUNCTION IF EXISTS nosuch(int, text, timestamp with time zone)
NOTICE: function nosuch(pg_catalog.int4,text,pg_catalog.timestamptz) does not exist, skipping
DROP FUNCTION

> DROP FUNCTION nosuch(int)
ERROR 42883: function nosuch(integer) does not exist

> DROP FUNCTION nosuch
ERROR 42883: could not find a function named "nosuch"

> DROP FUNCTION IF EXISTS now()
ERROR 2BP01: cannot drop function now() because it is required by the database system

> DROP PROCEDURE IF EXISTS nosuch()
NOTICE: procedure nosuch() does not exist, skipping
DROP PROCEDURE

> DROP SCHEMA IF EXISTS nosuch CASCADE
NOTICE: schema "nosuch" does not exist, skipping
DROP SCHEMA

> DROP SCHEMA nosuch
ERROR 3F000: schema "nosuch" does not exist

> DROP SCHEMA IF EXISTS public
ERROR 0A000: schema public cannot be dropped
HINT: Make a schema of your own with CREATE SCHEMA.

> DROP EXTENSION IF EXISTS nosuch
NOTICE: extension "nosuch" does not exist, skipping
DROP EXTENSION

> DROP EXTENSION nosuch
ERROR 42704: extension "nosuch" does not exist

> DROP EXTENSION IF EXISTS vector
ERROR 0A000: DROP EXTENSION is not offered
HINT: What vector offers is built in.

> DROP TRIGGER IF EXISTS audit ON shelf
NOTICE: trigger "audit" for relation "shelf" does not exist, skipping
DROP TRIGGER

> DROP TRIGGER audit ON shelf
ERROR 42704: trigger "audit" for table "shelf" does not exist

> DROP TRIGGER IF EXISTS audit ON nosuch
NOTICE: relation "nosuch" does not exist, skipping
DROP TRIGGER

> DROP POLICY IF EXISTS mine ON shelf
NOTICE: policy "mine" for relation "shelf" does not exist, skipping
DROP POLICY

> DROP ROLE IF EXISTS nosuch
NOTICE: role "nosuch" does not exist, skipping
DROP ROLE

> DROP USER IF EXISTS nosuch
NOTICE: role "nosuch" does not exist, skipping
DROP ROLE

> DROP DATABASE IF EXISTS nosuch
NOTICE: database "nosuch" does not exist, skipping
DROP DATABASE

> DROP COLLATION IF EXISTS nosuch
NOTICE: collation "nosuch" does not exist, skipping
DROP COLLATION

# What a name means decides how it is dropped.

> DROP VIEW IF EXISTS shelf
ERROR 42809: "shelf" is not a view
LINE 1: DROP VIEW IF EXISTS shelf
                            ^
HINT: Use DROP TABLE to remove a table.

> DROP TABLE IF EXISTS shelf_title
ERROR 42809: "shelf_title" is not a table
LINE 1: DROP TABLE IF EXISTS shelf_title
                             ^
HINT: Use DROP INDEX to remove an index.

> DROP INDEX IF EXISTS shelf
ERROR 42809: "shelf" is not an index
LINE 1: DROP INDEX IF EXISTS shelf
                             ^
HINT: Use DROP TABLE to remove a table.

> DROP INDEX shelf_pkey
ERROR 2BP01: cannot drop index shelf_pkey because constraint shelf_pkey on table shelf requires it
LINE 1: DROP INDEX shelf_pkey
                   ^
HINT: You can drop constraint shelf_pkey on table shelf instead.

> DROP SEQUENCE IF EXISTS shelf_id_seq
ERROR 2BP01: cannot drop sequence shelf_id_seq because other objects depend on it
DETAIL: default value for column id of table shelf depends on sequence shelf_id_seq
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP VIEW memory_facts
ERROR 2BP01: cannot drop view memory_facts because it is required by the database system
LINE 1: DROP VIEW memory_facts
                  ^

> SET client_min_messages = warning
SET

> DROP TABLE IF EXISTS nosuch
DROP TABLE

> RESET client_min_messages
RESET

> DROP INDEX shelf_title
DROP INDEX

> DROP TABLE IF EXISTS shelf
DROP TABLE
