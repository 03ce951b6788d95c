# Sequences, and what draws from them. Those of columns are in bigserial.sql.

> CREATE SEQUENCE s
CREATE SEQUENCE

> CREATE SEQUENCE s
ERROR 42P07: relation "s" already exists

> CREATE SEQUENCE IF NOT EXISTS s
NOTICE: relation "s" already exists, skipping
CREATE SEQUENCE

> SELECT currval('s')
ERROR 55000: currval of sequence "s" is not yet defined in this session

> SELECT lastval()
ERROR 55000: lastval is not yet defined in this session

> SELECT nextval('s'), nextval('public.s'::regclass), currval('s'), lastval()
 nextval | nextval | currval | lastval
---------+---------+---------+---------
       1 |       2 |       2 |       2
(1 row)

> SELECT last_value, is_called FROM s
 last_value | is_called
------------+-----------
          2 | t
(1 row)

# Options in any order; numbers go down, and round where CYCLE is said.

> CREATE SEQUENCE round AS smallint INCREMENT -2 MAXVALUE 10 MINVALUE -10 START 3 CACHE 5 CYCLE
CREATE SEQUENCE

> SELECT nextval('round') AS n FROM generate_series(1, 9)
 n
----
  3
  1
 -1
 -3
 -5
 -7
 -9
 10
  8
(9 rows)

> SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size, last_value FROM pg_sequences ORDER BY 1
 sequencename | data_type | start_value | min_value |      max_value      | increment_by | cycle | cache_size | last_value
--------------+-----------+-------------+-----------+---------------------+--------------+-------+------------+------------
 round        | smallint  |           3 |       -10 |                  10 |           -2 | t     |          5 |          8
 s            | bigint    |           1 |         1 | 9223372036854775807 |            1 | f     |          1 |          2
(2 rows)

> CREATE SEQUENCE x INCREMENT 0
ERROR 22023: INCREMENT must not be zero

> CREATE SEQUENCE x MINVALUE 10 MAXVALUE 5
ERROR 22023: MINVALUE (10) must be less than MAXVALUE (5)

> CREATE SEQUENCE x START 0
ERROR 22023: START value (0) cannot be less than MINVALUE (1)

> CREATE SEQUENCE x MAXVALUE 5 START 6
ERROR 22023: START value (6) cannot be greater than MAXVALUE (5)

> CREATE SEQUENCE x AS smallint MAXVALUE 40000
ERROR 22023: MAXVALUE (40000) is out of range for sequence data type smallint

> CREATE SEQUENCE x AS text
ERROR 22023: sequence type must be smallint, integer, or bigint

> CREATE SEQUENCE x CACHE 0
ERROR 22023: CACHE (0) must be greater than zero

> CREATE SEQUENCE x foo
ERROR 42601: syntax error at or near "foo"

> CREATE SEQUENCE x START 1 START 2
ERROR 42601: conflicting or redundant options

> CREATE TEMPORARY SEQUENCE x
CREATE SEQUENCE

# The end of the numbers.

> CREATE SEQUENCE few MAXVALUE 2
CREATE SEQUENCE

> SELECT nextval('few'), nextval('few')
 nextval | nextval
---------+---------
       1 |       2
(1 row)

> SELECT nextval('few')
ERROR 2200H: nextval: reached maximum value of sequence "few" (2)

> SELECT setval('few', 3)
ERROR 22003: setval: value 3 is out of bounds for sequence "few" (1..2)

> SELECT setval('few', 1), nextval('few')
 setval | nextval
--------+---------
      1 |       2
(1 row)

> SELECT setval('s', 20, false), nextval('s'), setval('s', 30), nextval('s'), setval('s', NULL)
 setval | nextval | setval | nextval | setval
--------+---------+--------+---------+--------
     20 |      20 |     30 |      31 |   NULL
(1 row)

> CREATE TABLE plain (a int)
CREATE TABLE

> SELECT nextval('nosuch')
ERROR 42P01: relation "nosuch" does not exist

> SELECT nextval('plain')
ERROR 42809: cannot open relation "plain"
DETAIL: This operation is not supported for tables.

# ALTER SEQUENCE.

> ALTER SEQUENCE s RESTART
ALTER SEQUENCE

> SELECT nextval('s')
 nextval
---------
       1
(1 row)

> ALTER SEQUENCE s RESTART WITH 100 INCREMENT 5
ALTER SEQUENCE

> SELECT nextval('s'), nextval('s')
 nextval | nextval
---------+---------
     100 |     105
(1 row)

> ALTER SEQUENCE s MAXVALUE 50
ERROR 22023: RESTART value (105) cannot be greater than MAXVALUE (50)

> ALTER SEQUENCE s AS integer
ALTER SEQUENCE

> SELECT max_value, data_type FROM pg_sequences WHERE sequencename = 's'
 max_value  | data_type
------------+-----------
 2147483647 | integer
(1 row)

> ALTER SEQUENCE s RENAME TO plain
ERROR 42P07: relation "plain" already exists

> ALTER SEQUENCE nosuch RESTART
ERROR 42P01: relation "nosuch" does not exist

> ALTER SEQUENCE IF EXISTS nosuch RESTART
NOTICE: relation "nosuch" does not exist, skipping
ALTER SEQUENCE

> ALTER SEQUENCE plain RESTART
ERROR 42809: cannot open relation "plain"
DETAIL: This operation is not supported for tables.

# Numbers are not rolled back; definitions are.

> BEGIN
BEGIN

> SELECT nextval('s')
 nextval
---------
     110
(1 row)

> CREATE SEQUENCE gone START 7
CREATE SEQUENCE

> SELECT nextval('gone'), nextval('gone')
 nextval | nextval
---------+---------
       7 |       8
(1 row)

> ALTER SEQUENCE few RESTART
ALTER SEQUENCE

> SELECT nextval('few')
 nextval
---------
       1
(1 row)

> ROLLBACK
ROLLBACK

> SELECT nextval('s')
 nextval
---------
     115
(1 row)

> SELECT nextval('gone')
ERROR 42P01: relation "gone" does not exist

> SELECT nextval('few')
ERROR 2200H: nextval: reached maximum value of sequence "few" (2)

> BEGIN READ ONLY
BEGIN

> SELECT nextval('s')
ERROR 25006: cannot execute nextval() in a read-only transaction

> ROLLBACK
ROLLBACK

# Defaults keep the sequence whatever its name becomes.

> CREATE TABLE a (id bigint PRIMARY KEY DEFAULT nextval('s'), b text DEFAULT 'x' || nextval('round'), c smallint)
CREATE TABLE

> INSERT INTO a (c) VALUES (1), (2) RETURNING id
 id
-----
 120
 125
(2 rows)
INSERT 0 2

> INSERT INTO a VALUES (DEFAULT, DEFAULT, 3) RETURNING id
 id
-----
 130
(1 row)
INSERT 0 1

> DROP SEQUENCE s
ERROR 2BP01: cannot drop sequence s because other objects depend on it
DETAIL: default value for column id of table a depends on sequence s
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER SEQUENCE s RENAME TO "S q"
ALTER SEQUENCE

> SELECT column_name, column_default FROM information_schema.columns WHERE table_name = 'a' ORDER BY ordinal_position
 column_name |       column_default
-------------+----------------------------
 id          | nextval('"S q"'::regclass)
 b           | 'x' || nextval('round')
 c           | NULL
(3 rows)

> INSERT INTO a (c) SELECT nextval('"S q"') FROM generate_series(1, 2) RETURNING id
 id
-----
 145
 150
(2 rows)
INSERT 0 2

> DROP TABLE "S q"
ERROR 42809: "S q" is not a table
LINE 1: DROP TABLE "S q"
                   ^
HINT: Use DROP SEQUENCE to remove a sequence.

> DROP SEQUENCE plain
ERROR 42809: "plain" is not a sequence
LINE 1: DROP SEQUENCE plain
                      ^
HINT: Use DROP TABLE to remove a table.

> DROP SEQUENCE IF EXISTS nosuch
NOTICE: sequence "nosuch" does not exist, skipping
DROP SEQUENCE

> DROP SEQUENCE "S q" CASCADE
NOTICE: drop cascades to default value for column id of table a
DROP SEQUENCE

> INSERT INTO a (c) VALUES (9)
ERROR 23502: null value in column "id" of relation "a" violates not-null constraint
DETAIL: Failing row contains (null, x-4, 9).

> CREATE TABLE bad (a int DEFAULT nextval('nosuch'))
ERROR 42P01: relation "nosuch" does not exist

> CREATE TABLE bad (a date DEFAULT nextval('few'))
ERROR 42804: column "a" is of type date but default expression is of type bigint
HINT: You will need to rewrite or cast the expression.

# A sequence goes with the column that owns it.

> CREATE SEQUENCE owned
CREATE SEQUENCE

> CREATE TABLE own (id int DEFAULT nextval('owned'), v text)
CREATE TABLE

> ALTER SEQUENCE owned OWNED BY own.id
ALTER SEQUENCE

> SELECT pg_get_serial_sequence('own', 'id')
 pg_get_serial_sequence
------------------------
 public.owned
(1 row)

> INSERT INTO own (v) VALUES ('a'), ('b') RETURNING id
 id
----
  1
  2
(2 rows)
INSERT 0 2

> TRUNCATE own RESTART IDENTITY
TRUNCATE TABLE

> INSERT INTO own (v) VALUES ('c') RETURNING id
 id
----
  1
(1 row)
INSERT 0 1

> ALTER SEQUENCE owned OWNED BY own.nosuch
ERROR 42703: column "nosuch" of relation "own" does not exist

> DROP TABLE own
DROP TABLE

> SELECT nextval('owned')
ERROR 42P01: relation "owned" does not exist

# Those of columns.

> CREATE TABLE ser (id serial PRIMARY KEY, k int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT -1 MAXVALUE 5 MINVALUE 4 CYCLE), v text)
CREATE TABLE

> INSERT INTO ser (v) VALUES ('a'), ('b'), ('c') RETURNING id, k
 id | k
----+---
  1 | 5
  2 | 4
  3 | 5
(3 rows)
INSERT 0 3

> SELECT lastval(), currval('ser_id_seq'), currval(pg_get_serial_sequence('ser', 'k'))
 lastval | currval | currval
---------+---------+---------
       5 |       3 |       5
(1 row)

> SELECT setval('ser_id_seq', 100)
 setval
--------
    100
(1 row)

> INSERT INTO ser (v) VALUES ('d') RETURNING id
 id
-----
 101
(1 row)
INSERT 0 1

> ALTER SEQUENCE ser_id_seq RESTART WITH 2147483647
ALTER SEQUENCE

> INSERT INTO ser (v) VALUES ('e') RETURNING id
     id
------------
 2147483647
(1 row)
INSERT 0 1

> INSERT INTO ser (v) VALUES ('f')
ERROR 2200H: nextval: reached maximum value of sequence "ser_id_seq" (2147483647)

> ALTER SEQUENCE ser_k_seq NO CYCLE
ALTER SEQUENCE

> INSERT INTO ser (id, v) VALUES (7, 'g'), (8, 'h')
ERROR 2200H: nextval: reached minimum value of sequence "ser_k_seq" (4)

> SELECT last_value, is_called FROM ser_id_seq
 last_value | is_called
------------+-----------
 2147483647 | t
(1 row)

> DROP SEQUENCE ser_id_seq
ERROR 2BP01: cannot drop sequence ser_id_seq because other objects depend on it
DETAIL: default value for column id of table ser depends on sequence ser_id_seq
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER SEQUENCE ser_id_seq RENAME TO ser_seq
ALTER SEQUENCE

> CREATE SEQUENCE ser_id_seq
CREATE SEQUENCE

# Rows are not written to them, and generated columns and indexes do not draw.

> INSERT INTO few VALUES (1)
ERROR 42809: cannot change sequence "few"
LINE 1: INSERT INTO few VALUES (1)
                    ^

> CREATE INDEX ON plain ((nextval('few')))
ERROR 0A000: nextval() in an expression of this form is not offered where a definition keeps it
HINT: now() and its like are compared with columns directly; other functions may only look at their arguments.

> DISCARD SEQUENCES
DISCARD SEQUENCES

> SELECT lastval()
ERROR 55000: lastval is not yet defined in this session

> COMMENT ON SEQUENCE few IS 'not many'
COMMENT

> SELECT obj_description('few'::regclass, 'pg_class')
 obj_description
-----------------
 not many
(1 row)

# EXCLUDED has the numbers that the row would have had, and what would have been computed of it.

> CREATE SEQUENCE proposed
CREATE SEQUENCE

> CREATE TABLE drawn (k text PRIMARY KEY, n int DEFAULT nextval('proposed'), s serial, g int GENERATED ALWAYS AS (n * 2) STORED, c char(3))
CREATE TABLE

> INSERT INTO drawn (k) VALUES ('a'), ('b')
INSERT 0 2

> INSERT INTO drawn (k, c) VALUES ('a', 'y') ON CONFLICT (k) DO UPDATE SET n = excluded.n * 10, s = excluded.s * 10, c = excluded.c RETURNING *
 k | n  | s  | g  |  c
---+----+----+----+-----
 a | 30 | 30 | 60 | y
(1 row)
INSERT 0 1

> INSERT INTO drawn (k, n) VALUES ('b', 7) ON CONFLICT (k) DO UPDATE SET n = excluded.g WHERE excluded.g = 14 RETURNING k, n, g
 k | n  | g
---+----+----
 b | 14 | 28
(1 row)
INSERT 0 1

> CREATE TABLE proposed_x (a int)
CREATE TABLE

> CREATE SEQUENCE other_a_seq
CREATE SEQUENCE

> CREATE TABLE another (a int NOT NULL, b int)
CREATE TABLE

> CREATE SEQUENCE another_a_seq
CREATE SEQUENCE

> ALTER TABLE another ALTER a ADD GENERATED BY DEFAULT AS IDENTITY
ALTER TABLE

> ALTER TABLE another RENAME TO other
ALTER TABLE

> DROP TABLE other
DROP TABLE

> DROP SEQUENCE another_a_seq
DROP SEQUENCE

> CREATE TABLE other (a serial)
CREATE TABLE

> DROP TABLE drawn, proposed_x
DROP TABLE

> DROP SEQUENCE proposed, other_a_seq
DROP SEQUENCE
