# Sequences in schemas: made, found, moved and dropped as tables are, and the temporary ones of a session.

> CREATE SCHEMA s1
CREATE SCHEMA

> CREATE SCHEMA s2
CREATE SCHEMA

> CREATE SEQUENCE s1.q START 5
CREATE SEQUENCE

> CREATE SEQUENCE q START 100
CREATE SEQUENCE

> CREATE SEQUENCE s1.q
ERROR 42P07: relation "q" already exists

> CREATE SEQUENCE IF NOT EXISTS s1.q
NOTICE: relation "q" already exists, skipping
CREATE SEQUENCE

> CREATE SEQUENCE nosuch.q
ERROR 3F000: schema "nosuch" does not exist

> CREATE SEQUENCE pg_catalog.q
ERROR 42501: permission denied for schema pg_catalog

> SELECT nextval('s1.q'), nextval('q'), nextval('public.q'), nextval('S1."q"')
 nextval | nextval | nextval | nextval
---------+---------+---------+---------
       5 |     100 |     101 |       6
(1 row)

> SELECT nextval('s1.nosuch')
ERROR 42P01: relation "s1.nosuch" does not exist

> SELECT nextval('nosuch.q')
ERROR 42P01: relation "nosuch.q" does not exist

> SELECT last_value, is_called FROM s1.q
 last_value | is_called
------------+-----------
          6 | t
(1 row)

> SELECT 's1.q'::regclass, 'q'::regclass, 'public.q'::regclass, to_regclass('s2.q')
 regclass | regclass | regclass | to_regclass
----------+----------+----------+-------------
 s1.q     | q        | q        | NULL
(1 row)

> SET search_path = s1
SET

> SELECT nextval('q'), currval('s1.q'), lastval(), 's1.q'::regclass, 'public.q'::regclass
 nextval | currval | lastval | regclass | regclass
---------+---------+---------+----------+----------
       7 |       7 |       7 | q        | public.q
(1 row)

> CREATE TABLE t (id serial, n bigint GENERATED ALWAYS AS IDENTITY, a bigint DEFAULT nextval('q'), b text DEFAULT 'x' || nextval('q'))
CREATE TABLE

> CREATE SEQUENCE own OWNED BY t.a
CREATE SEQUENCE

> SET search_path = s2
SET

> CREATE TABLE u (a int)
CREATE TABLE

> CREATE SEQUENCE wrong OWNED BY s1.t.a
ERROR 55000: sequence must be in same schema as table it is linked to

> CREATE SEQUENCE wrong OWNED BY nosuch.t.a
ERROR 3F000: schema "nosuch" does not exist

> CREATE SEQUENCE wrong OWNED BY t.a
ERROR 42P01: relation "t" does not exist

> INSERT INTO s1.t DEFAULT VALUES RETURNING *
 id | n | a | b
----+---+---+----
  1 | 1 | 9 | x8
(1 row)
INSERT 0 1

> INSERT INTO s1.t (b) VALUES ('given') RETURNING *
 id | n | a  |   b
----+---+----+-------
  2 | 2 | 10 | given
(1 row)
INSERT 0 1

> SELECT nextval('s1.q')
 nextval
---------
      11
(1 row)

> SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences ORDER BY 1, 2
 schemaname | sequencename | start_value | last_value
------------+--------------+-------------+------------
 public     | q            |         100 |        101
 s1         | own          |           1 |       NULL
 s1         | q            |           5 |         11
 s1         | t_id_seq     |           1 |          2
 s1         | t_n_seq      |           1 |          2
(5 rows)

> SELECT sequence_schema, sequence_name FROM information_schema.sequences ORDER BY 1, 2
 sequence_schema | sequence_name
-----------------+---------------
 public          | q
 s1              | own
 s1              | q
 s1              | t_id_seq
(4 rows)

> SELECT pg_get_serial_sequence('s1.t', 'id'), pg_get_serial_sequence('s1.t', 'n'), pg_get_serial_sequence('s1.t', 'a')
 pg_get_serial_sequence | pg_get_serial_sequence | pg_get_serial_sequence
------------------------+------------------------+------------------------
 s1.t_id_seq            | s1.t_n_seq             | s1.own
(1 row)

> SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = 's1.t'::regclass AND attname <> 'b' ORDER BY attnum
 attname |           pg_get_expr
---------+----------------------------------
 id      | nextval('s1.t_id_seq'::regclass)
 a       | nextval('s1.q'::regclass)
(2 rows)

> SET search_path = s1, public
SET

> SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = 's1.t'::regclass AND attname <> 'b' ORDER BY attnum
 attname |          pg_get_expr
---------+-------------------------------
 id      | nextval('t_id_seq'::regclass)
 a       | nextval('q'::regclass)
(2 rows)

> SELECT nextval('t_id_seq'), currval('s1.t_id_seq')
 nextval | currval
---------+---------
       3 |       3
(1 row)

> RESET search_path
RESET

> SELECT nextval('t_id_seq')
ERROR 42P01: relation "t_id_seq" does not exist

> CREATE TABLE s1.t_id_seq (a int)
ERROR 42P07: relation "t_id_seq" already exists

> CREATE INDEX own ON s1.t (a)
ERROR 42P07: relation "own" already exists

> INSERT INTO s1.q VALUES (1)
ERROR 42809: cannot change sequence "q"
LINE 1: INSERT INTO s1.q VALUES (1)
                    ^

# Changes.

> ALTER SEQUENCE s1.q INCREMENT 10 RESTART 50
ALTER SEQUENCE

> SELECT nextval('s1.q'), nextval('s1.q')
 nextval | nextval
---------+---------
      50 |      60
(1 row)

> ALTER SEQUENCE nosuch.q RESTART
ERROR 3F000: schema "nosuch" does not exist

> ALTER SEQUENCE s1.nosuch RESTART
ERROR 42P01: relation "s1.nosuch" does not exist

> ALTER SEQUENCE IF EXISTS nosuch.q RESTART
NOTICE: relation "q" does not exist, skipping
ALTER SEQUENCE

> ALTER SEQUENCE IF EXISTS s1.nosuch RESTART
NOTICE: relation "nosuch" does not exist, skipping
ALTER SEQUENCE

> ALTER SEQUENCE s1.t RESTART
ERROR 42809: cannot open relation "t"
DETAIL: This operation is not supported for tables.

> ALTER SEQUENCE s1.t RENAME TO x
ERROR 42809: "t" is not a sequence

> ALTER SEQUENCE s1.own OWNED BY s2.u.a
ERROR 55000: sequence must be in same schema as table it is linked to

> ALTER SEQUENCE s1.own SET SCHEMA s2
ERROR 0A000: cannot move an owned sequence into another schema
DETAIL: Sequence "own" is linked to table "t".

> ALTER SEQUENCE s1.t_id_seq SET SCHEMA s2
ERROR 0A000: cannot move an owned sequence into another schema
DETAIL: Sequence "t_id_seq" is linked to table "t".

> ALTER SEQUENCE s1.q SET SCHEMA nosuch
ERROR 3F000: schema "nosuch" does not exist

> ALTER SEQUENCE s1.q SET SCHEMA public
ERROR 42P07: relation "q" already exists in schema "public"

> ALTER SEQUENCE s1.q RENAME TO r
ALTER SEQUENCE

> ALTER SEQUENCE s1.r SET SCHEMA s2
ALTER SEQUENCE

> SELECT nextval('s2.r')
 nextval
---------
      70
(1 row)

> ALTER TABLE s2.r RENAME TO q
ALTER TABLE

> ALTER TABLE s2.q SET SCHEMA s1
ALTER TABLE

> ALTER TABLE s1.q OWNER TO current_user
ALTER TABLE

> ALTER TABLE s1.q ADD COLUMN a int
ERROR 42809: this change cannot be performed on relation "q"
DETAIL: This operation is not supported for sequences.

> ALTER TABLE s1.t SET SCHEMA s2
ALTER TABLE

> SELECT schemaname, sequencename FROM pg_sequences ORDER BY 1, 2
 schemaname | sequencename
------------+--------------
 public     | q
 s1         | q
 s2         | own
 s2         | t_id_seq
 s2         | t_n_seq
(5 rows)

> INSERT INTO s2.t (b) VALUES ('moved') RETURNING *
 id | n | a  |   b
----+---+----+-------
  4 | 3 | 80 | moved
(1 row)
INSERT 0 1

> TRUNCATE s2.t RESTART IDENTITY
TRUNCATE TABLE

> INSERT INTO s2.t (b) VALUES ('anew') RETURNING id, n
 id | n
----+---
  1 | 1
(1 row)
INSERT 0 1

> CREATE SEQUENCE early START 3 RESTART 7
CREATE SEQUENCE

> SELECT nextval('early')
 nextval
---------
       7
(1 row)

> CREATE SEQUENCE never MAXVALUE 5 RESTART 7
ERROR 22023: RESTART value (7) cannot be greater than MAXVALUE (5)

# What goes.

> DROP SEQUENCE s1.q
ERROR 2BP01: cannot drop sequence s1.q because other objects depend on it
DETAIL: default value for column a of table s2.t depends on sequence s1.q
default value for column b of table s2.t depends on sequence s1.q
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SEQUENCE s2.t_id_seq
ERROR 2BP01: cannot drop sequence s2.t_id_seq because other objects depend on it
DETAIL: default value for column id of table s2.t depends on sequence s2.t_id_seq
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SEQUENCE nosuch.q
ERROR 3F000: schema "nosuch" does not exist
LINE 1: DROP SEQUENCE nosuch.q
                      ^

> DROP SEQUENCE s1.nosuch
ERROR 42P01: sequence "nosuch" does not exist
LINE 1: DROP SEQUENCE s1.nosuch
                      ^

> DROP SEQUENCE IF EXISTS nosuch.q, s1.nosuch
NOTICE: schema "nosuch" does not exist, skipping
NOTICE: sequence "nosuch" does not exist, skipping
DROP SEQUENCE

> DROP SCHEMA s1
ERROR 2BP01: cannot drop schema s1 because other objects depend on it
DETAIL: sequence s1.q depends on schema s1
default value for column a of table s2.t depends on sequence s1.q
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA s1 CASCADE
NOTICE: drop cascades to 2 other objects
DROP SCHEMA

> INSERT INTO s2.t (b) VALUES ('without') RETURNING a
  a
------
 NULL
(1 row)
INSERT 0 1

> CREATE SEQUENCE s2.z
CREATE SEQUENCE

> DROP SCHEMA s2
ERROR 2BP01: cannot drop schema s2 because other objects depend on it
DETAIL: table s2.t depends on schema s2
table s2.u depends on schema s2
sequence s2.z depends on schema s2
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA s2 CASCADE
NOTICE: drop cascades to 3 other objects
DROP SCHEMA

> SELECT schemaname, sequencename FROM pg_sequences ORDER BY 1, 2
 schemaname | sequencename
------------+--------------
 public     | early
 public     | q
(2 rows)

# Temporary ones.

> CREATE TEMPORARY SEQUENCE q START 7
CREATE SEQUENCE

> SELECT nextval('q'), nextval('pg_temp.q'), nextval('public.q')
 nextval | nextval | nextval
---------+---------+---------
       7 |       8 |     102
(1 row)

> CREATE TEMPORARY SEQUENCE public.other
ERROR 42P16: cannot create temporary relation in non-temporary schema

> ALTER SEQUENCE q SET SCHEMA public
ERROR 0A000: cannot move objects into or out of temporary schemas

> CREATE TABLE drawing (a int DEFAULT nextval('q'), b int)
CREATE TABLE

> INSERT INTO drawing (b) VALUES (1) RETURNING a
 a
---
 9
(1 row)
INSERT 0 1

> CREATE TEMPORARY TABLE passing (id serial, a int)
CREATE TABLE

> CREATE TEMPORARY SEQUENCE owned OWNED BY passing.a
CREATE SEQUENCE

> SELECT sequencename, schemaname LIKE 'pg_temp_%' AS is_temporary FROM pg_sequences ORDER BY 1, 2
  sequencename  | is_temporary
----------------+--------------
 early          | f
 owned          | t
 passing_id_seq | t
 q              | f
 q              | t
(5 rows)

> DROP SEQUENCE q
ERROR 2BP01: cannot drop sequence q because other objects depend on it
DETAIL: default value for column a of table drawing depends on sequence q
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DISCARD TEMP
DISCARD TEMP

> SELECT sequencename FROM pg_sequences ORDER BY 1
 sequencename
--------------
 early
 q
(2 rows)

> SELECT nextval('q')
 nextval
---------
     103
(1 row)

> INSERT INTO drawing (b) VALUES (2) RETURNING a
  a
------
 NULL
(1 row)
INSERT 0 1
