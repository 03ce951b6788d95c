# Temporary tables and views: found before others, emptied or dropped by COMMIT, and dropped by DISCARD.

> CREATE TABLE t (a int)

> INSERT INTO t VALUES (1)

> PREPARE p AS SELECT * FROM t

> EXECUTE p

> CREATE TEMP TABLE t (a int, b text)

> INSERT INTO t (a) VALUES (5)

> SELECT a FROM t

> EXECUTE p

> SELECT a FROM public.t

> SELECT a FROM pg_temp.t

> DROP TABLE t

> EXECUTE p

> SELECT * FROM t

> CREATE TEMP TABLE tt (id serial primary key, v text unique) ON COMMIT DELETE ROWS

> BEGIN

> INSERT INTO tt (v) VALUES ('x'),('y')

> SELECT * FROM tt

> COMMIT

> SELECT * FROM tt

> INSERT INTO tt (v) VALUES ('z')

> SELECT * FROM tt

> BEGIN

> CREATE TEMP TABLE d (a int) ON COMMIT DROP

> INSERT INTO d VALUES (1)

> SELECT * FROM d

> COMMIT

> SELECT * FROM d

> CREATE TEMPORARY TABLE k AS SELECT 1 AS a

> SELECT * FROM k

> SELECT 2 AS b INTO TEMP kk

> SELECT * FROM kk

> CREATE TEMP VIEW tv AS SELECT * FROM k

> SELECT * FROM tv

> CREATE VIEW tv2 AS SELECT * FROM k

> SELECT * FROM tv2

> CREATE VIEW public.tv3 AS SELECT * FROM k

> CREATE TABLE x (a int) ON COMMIT DROP

> CREATE TEMP TABLE public.x (a int)

> CREATE TEMP TABLE pg_temp.y (a int)

> CREATE TABLE pg_temp.z (a int)

> CREATE TABLE perm (a int references k)

> CREATE TABLE perm (id int primary key)

> CREATE TEMP TABLE tref (a int references perm)

> CREATE INDEX ON y (a)

> COMMENT ON TABLE y IS 'hi'

> ALTER TABLE y ADD COLUMN c int

> ALTER TABLE y SET SCHEMA public

> SELECT relname, relpersistence FROM pg_class WHERE relname IN ('y','z','t','tv') ORDER BY 1

> SELECT count(*) FROM information_schema.tables WHERE table_name IN ('y','z')

> SELECT pg_my_temp_schema() <> 0, current_schemas(true)::text LIKE '{pg_temp_%'

> SELECT 'y'::regclass

> DISCARD TEMP

> SELECT * FROM y

> SELECT pg_is_other_temp_schema(pg_my_temp_schema())

> BEGIN

> CREATE TEMP TABLE rb (a int)

> ROLLBACK

> SELECT * FROM rb

> CREATE TEMP TABLE c1 (a int) ON COMMIT DELETE ROWS

> SELECT count(*) FROM c1
