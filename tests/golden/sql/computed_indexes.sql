# Indexes over expressions, over some of the rows, and with NULLs that count.

> CREATE TABLE t (id int PRIMARY KEY, a text, b int, active boolean, meta jsonb, gone timestamptz)
CREATE TABLE

> INSERT INTO t SELECT n, 'Name' || n % 50, n % 7, n % 2 = 0, jsonb_build_object('ref', 'r' || n % 20, 'n', n), CASE WHEN n % 10 = 0 THEN '2024-01-01'::timestamptz END FROM generate_series(1, 200) n
INSERT 0 200

> CREATE INDEX t_lower ON t (lower(a))
CREATE INDEX

> CREATE INDEX ON t (lower(a), b)
CREATE INDEX

> CREATE INDEX ON t ((b + 1), lower(a), (b * 2))
CREATE INDEX

> CREATE INDEX t_ref ON t ((meta ->> 'ref'))
CREATE INDEX

> CREATE INDEX t_active ON t (b) WHERE active
CREATE INDEX

> CREATE INDEX t_there ON t (a) WHERE gone IS NULL AND b > 2
CREATE INDEX

> CREATE UNIQUE INDEX t_once ON t (a, (b % 7)) WHERE id < 0
CREATE INDEX

> SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1
       indexname
------------------------
 t_active
 t_expr_lower_expr1_idx
 t_lower
 t_lower_b_idx
 t_once
 t_pkey
 t_ref
 t_there
(8 rows)

> SELECT indkey, indpred IS NULL, indexprs IS NULL, indisunique FROM pg_index WHERE indrelid = 't'::regclass ORDER BY indexrelid
 indkey | ?column? | ?column? | indisunique
--------+----------+----------+-------------
 0      | t        | f        | f
 0 3    | t        | f        | f
 0 0 0  | t        | f        | f
 0      | t        | f        | f
 3      | f        | t        | f
 2      | f        | t        | f
 2 0    | f        | f        | t
 1      | t        | t        | t
(8 rows)

> SELECT count(*) FROM t WHERE lower(a) = 'name7'
 count
-------
     4
(1 row)

> SELECT count(*) FROM t WHERE lower(t.a) IN ('name7', 'name8') AND b = 0
 count
-------
     1
(1 row)

> SELECT count(*) FROM t WHERE meta ->> 'ref' = 'r3'
 count
-------
    10
(1 row)

> SELECT count(*) FROM t WHERE b = 4 AND active
 count
-------
    15
(1 row)

> SELECT count(*) FROM t WHERE b = 4 AND NOT active
 count
-------
    14
(1 row)

> SELECT count(*) FROM t WHERE a = 'Name3' AND gone IS NULL AND b = 3
 count
-------
     1
(1 row)

> SELECT count(*) FROM t WHERE a = 'Name3' AND gone IS NULL AND b > 1
 count
-------
     4
(1 row)

> SELECT lower(a), count(*) FROM t WHERE b + 1 > 6 GROUP BY lower(a) ORDER BY lower(a) LIMIT 3
 lower  | count
--------+-------
 name10 |     1
 name11 |     1
 name12 |     1
(3 rows)

> UPDATE t SET a = 'OTHER' WHERE lower(a) = 'name7'
UPDATE 4

> SELECT count(*) FROM t WHERE lower(a) = 'other'
 count
-------
     4
(1 row)

> SELECT count(*) FROM t WHERE lower(a) = 'name7'
 count
-------
     0
(1 row)

> DELETE FROM t WHERE lower(a) = 'other' AND b = 0
DELETE 1

> SELECT count(*) FROM t WHERE lower(a) = 'other'
 count
-------
     3
(1 row)

> INSERT INTO t (id, a, b) VALUES (-1, 'x', 3), (-2, 'x', 4)
INSERT 0 2

> INSERT INTO t (id, a, b) VALUES (-3, 'x', 10)
ERROR 23505: duplicate key value violates unique constraint "t_once"
DETAIL: Key (a, (b % 7))=(x, 3) already exists.

> INSERT INTO t (id, a, b) VALUES (1000, 'x', 10)
INSERT 0 1

> UPDATE t SET id = -4 WHERE id = 1000
ERROR 23505: duplicate key value violates unique constraint "t_once"
DETAIL: Key (a, (b % 7))=(x, 3) already exists.

> INSERT INTO t (id, a, b) VALUES (-5, 'x', 10) ON CONFLICT (a, (b % 7)) WHERE id < 0 DO UPDATE SET b = 100 RETURNING id, b
 id |  b
----+-----
 -1 | 100
(1 row)
INSERT 0 1

> INSERT INTO t (id, a, b) VALUES (-6, 'x', 4) ON CONFLICT (a, (b % 7)) WHERE id < -1 DO NOTHING
INSERT 0 0

> INSERT INTO t (id, a, b) VALUES (-6, 'x', 4) ON CONFLICT (a, (b % 7)) DO NOTHING
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

> INSERT INTO t (id, a, b) VALUES (-7, 'x', 4) ON CONFLICT DO NOTHING
INSERT 0 0

> CREATE UNIQUE INDEX t_lower_once ON t (lower(a))
ERROR 23505: could not create unique index "t_lower_once"
DETAIL: Key (lower(a))=(name0) is duplicated.

> ALTER TABLE t RENAME COLUMN a TO name
ALTER TABLE

> SELECT count(*) FROM t WHERE lower(name) = 'other'
 count
-------
     3
(1 row)

> SELECT pg_get_indexdef('t_lower'::regclass)
                      pg_get_indexdef
------------------------------------------------------------
 CREATE INDEX t_lower ON public.t USING btree (lower(name))
(1 row)

> ALTER TABLE t DROP COLUMN b
ALTER TABLE

> SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1
 indexname
-----------
 t_lower
 t_pkey
 t_ref
(3 rows)

# differs: PostgreSQL says that functions must be immutable, in 42P17.
> CREATE INDEX ON t ((random()))
ERROR 0A000: random() in an expression of this form is not offered where a definition keeps it
HINT: now() and its like are compared with columns directly; other functions may only look at their arguments.

> CREATE INDEX ON t (id) WHERE gone < now()
ERROR 42P17: functions in index predicate must be marked IMMUTABLE

> CREATE INDEX ON t ((sum(id)))
ERROR 42803: aggregate functions are not allowed in index expressions

> CREATE INDEX ON t ((SELECT 1))
ERROR 0A000: cannot use subquery in index expression
HINT: Use the columns of the row, constants and immutable functions.

> CREATE INDEX ON t (lower(nothing))
ERROR 42703: column "nothing" does not exist
LINE 1: CREATE INDEX ON t (lower(nothing))
                                 ^

> CREATE INDEX ON t (id) WHERE id
ERROR 42804: argument of WHERE must be type boolean, not type integer
LINE 1: CREATE INDEX ON t (id) WHERE id
                                     ^

> CREATE INDEX ON t USING gin (to_tsvector('simple', name))
CREATE INDEX

> DROP INDEX t_lower
DROP INDEX

> DROP TABLE t
DROP TABLE

> CREATE TABLE u (a int, b int, c text, UNIQUE NULLS NOT DISTINCT (a), UNIQUE NULLS NOT DISTINCT (b, c))
CREATE TABLE

> INSERT INTO u VALUES (NULL, 1, NULL)
INSERT 0 1

> INSERT INTO u VALUES (NULL, 2, NULL)
ERROR 23505: duplicate key value violates unique constraint "u_a_key"
DETAIL: Key (a)=(null) already exists.

> INSERT INTO u VALUES (1, 1, NULL)
ERROR 23505: duplicate key value violates unique constraint "u_b_c_key"
DETAIL: Key (b, c)=(1, null) already exists.

> INSERT INTO u VALUES (1, 2, NULL)
INSERT 0 1

> INSERT INTO u VALUES (1, 3, 'x') ON CONFLICT (a) DO UPDATE SET c = 'y' RETURNING *
 a | b | c
---+---+---
 1 | 2 | y
(1 row)
INSERT 0 1

> INSERT INTO u VALUES (NULL, 1, NULL) ON CONFLICT (b, c) DO NOTHING
INSERT 0 0

> SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'u'::regclass ORDER BY 1
  conname  |       pg_get_constraintdef
-----------+----------------------------------
 u_a_key   | UNIQUE NULLS NOT DISTINCT (a)
 u_b_c_key | UNIQUE NULLS NOT DISTINCT (b, c)
(2 rows)

> SELECT constraint_name, nulls_distinct FROM information_schema.table_constraints WHERE table_name = 'u' ORDER BY 1
 constraint_name | nulls_distinct
-----------------+----------------
 u_a_key         | NO
 u_b_c_key       | NO
(2 rows)

> CREATE UNIQUE INDEX ui ON u (c) NULLS NOT DISTINCT
CREATE INDEX

> DELETE FROM u
DELETE 2

> CREATE UNIQUE INDEX ui ON u (c) NULLS NOT DISTINCT WHERE b > 0
ERROR 42P07: relation "ui" already exists

> INSERT INTO u VALUES (1, 1, NULL), (2, 2, NULL)
ERROR 23505: duplicate key value violates unique constraint "ui"
DETAIL: Key (c)=(null) already exists.

> DROP TABLE u
DROP TABLE
