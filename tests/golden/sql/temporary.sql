# Temporary tables and views: found before others, emptied or dropped by COMMIT, and dropped by DISCARD.

> CREATE TABLE t (a int)
CREATE TABLE

> INSERT INTO t VALUES (1)
INSERT 0 1

> PREPARE p AS SELECT * FROM t
PREPARE

> EXECUTE p
 a
---
 1
(1 row)

> CREATE TEMP TABLE t (a int, b text)
CREATE TABLE

> INSERT INTO t (a) VALUES (5)
INSERT 0 1

> SELECT a FROM t
 a
---
 5
(1 row)

> EXECUTE p
ERROR 0A000: cached plan must not change result type
HINT: The tables of this prepared statement have changed: prepare it again.

> SELECT a FROM public.t
 a
---
 1
(1 row)

> SELECT a FROM pg_temp.t
 a
---
 5
(1 row)

> DROP TABLE t
DROP TABLE

> EXECUTE p
 a
---
 1
(1 row)

> SELECT * FROM t
 a
---
 1
(1 row)

> CREATE TEMP TABLE tt (id serial primary key, v text unique) ON COMMIT DELETE ROWS
CREATE TABLE

> BEGIN
BEGIN

> INSERT INTO tt (v) VALUES ('x'),('y')
INSERT 0 2

> SELECT * FROM tt
 id | v
----+---
  1 | x
  2 | y
(2 rows)

> COMMIT
COMMIT

> SELECT * FROM tt
 id | v
----+---
(0 rows)

> INSERT INTO tt (v) VALUES ('z')
INSERT 0 1

> SELECT * FROM tt
 id | v
----+---
(0 rows)

> BEGIN
BEGIN

> CREATE TEMP TABLE d (a int) ON COMMIT DROP
CREATE TABLE

> INSERT INTO d VALUES (1)
INSERT 0 1

> SELECT * FROM d
 a
---
 1
(1 row)

> COMMIT
COMMIT

> SELECT * FROM d
ERROR 42P01: relation "d" does not exist
LINE 1: SELECT * FROM d
                      ^

> CREATE TEMPORARY TABLE k AS SELECT 1 AS a
SELECT 1

> SELECT * FROM k
 a
---
 1
(1 row)

> SELECT 2 AS b INTO TEMP kk
SELECT 1

> SELECT * FROM kk
 b
---
 2
(1 row)

> CREATE TEMP VIEW tv AS SELECT * FROM k
CREATE VIEW

> SELECT * FROM tv
 a
---
 1
(1 row)

> CREATE VIEW tv2 AS SELECT * FROM k
NOTICE: view "tv2" will be a temporary view
CREATE VIEW

> SELECT * FROM tv2
 a
---
 1
(1 row)

> CREATE VIEW public.tv3 AS SELECT * FROM k
ERROR 42P16: cannot create temporary relation in non-temporary schema
LINE 1: CREATE VIEW public.tv3 AS SELECT * FROM k
                    ^

> CREATE TABLE x (a int) ON COMMIT DROP
ERROR 42P16: ON COMMIT can only be used on temporary tables

> CREATE TEMP TABLE public.x (a int)
ERROR 42P16: cannot create temporary relation in non-temporary schema
LINE 1: CREATE TEMP TABLE public.x (a int)
                          ^

> CREATE TEMP TABLE pg_temp.y (a int)
CREATE TABLE

> CREATE TABLE pg_temp.z (a int)
CREATE TABLE

> CREATE TABLE perm (a int references k)
ERROR 42P16: constraints on permanent tables may reference only permanent tables

> CREATE TABLE perm (id int primary key)
CREATE TABLE

> CREATE TEMP TABLE tref (a int references perm)
ERROR 42P16: constraints on temporary tables may reference only temporary tables

> CREATE INDEX ON y (a)
CREATE INDEX

> COMMENT ON TABLE y IS 'hi'
COMMENT

> ALTER TABLE y ADD COLUMN c int
ALTER TABLE

> ALTER TABLE y SET SCHEMA public
ERROR 0A000: cannot move objects into or out of temporary schemas

> SELECT relname, relpersistence FROM pg_class WHERE relname IN ('y','z','t','tv') ORDER BY 1
 relname | relpersistence
---------+----------------
 t       | p
 tv      | t
 y       | t
 z       | t
(4 rows)

> SELECT count(*) FROM information_schema.tables WHERE table_name IN ('y','z')
 count
-------
     2
(1 row)

> SELECT pg_my_temp_schema() <> 0, current_schemas(true)::text LIKE '{pg_temp_%'
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> SELECT 'y'::regclass
 regclass
----------
 y
(1 row)

> DISCARD TEMP
DISCARD TEMP

> SELECT * FROM y
ERROR 42P01: relation "y" does not exist
LINE 1: SELECT * FROM y
                      ^

> SELECT pg_is_other_temp_schema(pg_my_temp_schema())
 pg_is_other_temp_schema
-------------------------
 f
(1 row)

> BEGIN
BEGIN

> CREATE TEMP TABLE rb (a int)
CREATE TABLE

> ROLLBACK
ROLLBACK

> SELECT * FROM rb
ERROR 42P01: relation "rb" does not exist
LINE 1: SELECT * FROM rb
                      ^

> CREATE TEMP TABLE c1 (a int) ON COMMIT DELETE ROWS
CREATE TABLE

> SELECT count(*) FROM c1
 count
-------
     0
(1 row)
