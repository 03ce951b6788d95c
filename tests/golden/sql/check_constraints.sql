# Conditions on rows. The hints are this server's own.

> CREATE TABLE e (a int CHECK (a > 0) CHECK (b < 5), b int, t text, CHECK (a < b), CONSTRAINT z CHECK (a <> 7))
CREATE TABLE

> INSERT INTO e VALUES (1, 2, 'x'), (NULL, NULL, NULL)
INSERT 0 2

> INSERT INTO e VALUES (0, 2, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_a_check"
DETAIL: Failing row contains (0, 2, x).

> INSERT INTO e VALUES (1, 9, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_b_check"
DETAIL: Failing row contains (1, 9, x).

> INSERT INTO e VALUES (3, 2, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_check"
DETAIL: Failing row contains (3, 2, x).

> INSERT INTO e VALUES (7, 8, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_b_check"
DETAIL: Failing row contains (7, 8, x).

> UPDATE e SET b = 1 WHERE a = 1
ERROR 23514: new row for relation "e" violates check constraint "e_check"
DETAIL: Failing row contains (1, 1, x).

> UPDATE e SET a = -a WHERE a = 1
ERROR 23514: new row for relation "e" violates check constraint "e_a_check"
DETAIL: Failing row contains (-1, 2, x).

> SELECT conname, contype, convalidated, conkey, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'e'::regclass ORDER BY 1
  conname  | contype | convalidated | conkey | pg_get_constraintdef | pg_get_constraintdef
-----------+---------+--------------+--------+----------------------+----------------------
 e_a_check | c       | t            | {1}    | CHECK ((a > 0))      | CHECK (a > 0)
 e_b_check | c       | t            | {2}    | CHECK ((b < 5))      | CHECK (b < 5)
 e_check   | c       | t            | {1,2}  | CHECK ((a < b))      | CHECK (a < b)
 z         | c       | t            | {1}    | CHECK ((a <> 7))     | CHECK (a <> 7)
(4 rows)

> SELECT constraint_name, constraint_type, is_deferrable FROM information_schema.table_constraints WHERE table_name = 'e' AND constraint_type = 'CHECK' AND constraint_name NOT LIKE '%not_null' ORDER BY 1
 constraint_name | constraint_type | is_deferrable
-----------------+-----------------+---------------
 e_a_check       | CHECK           | NO
 e_b_check       | CHECK           | NO
 e_check         | CHECK           | NO
 z               | CHECK           | NO
(4 rows)

> SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_name LIKE 'e_%check' ORDER BY 1
 constraint_name | check_clause
-----------------+--------------
 e_a_check       | (a > 0)
 e_b_check       | (b < 5)
 e_check         | (a < b)
(3 rows)

> SELECT constraint_name, column_name FROM information_schema.constraint_column_usage WHERE table_name = 'e' ORDER BY 1, 2
 constraint_name | column_name
-----------------+-------------
 e_a_check       | a
 e_b_check       | b
 e_check         | a
 e_check         | b
 z               | a
(5 rows)

> SELECT relchecks FROM pg_class WHERE relname = 'e'
 relchecks
-----------
         4
(1 row)

> ALTER TABLE e ADD CONSTRAINT k CHECK (length(t) < 3 AND t LIKE 'x%')
ALTER TABLE

> INSERT INTO e VALUES (1, 2, 'y')
ERROR 23514: new row for relation "e" violates check constraint "k"
DETAIL: Failing row contains (1, 2, y).

> INSERT INTO e VALUES (1, 2, 'xyz')
ERROR 23514: new row for relation "e" violates check constraint "k"
DETAIL: Failing row contains (1, 2, xyz).

> ALTER TABLE e ADD CHECK (b IN (1, 2) OR t IS NULL), ADD CHECK (t IN ('x', 'xy') OR a BETWEEN 1 AND 3)
ALTER TABLE

> INSERT INTO e VALUES (1, 4, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_check1"
DETAIL: Failing row contains (1, 4, x).

> INSERT INTO e VALUES (4, NULL, 'xz')
ERROR 23514: new row for relation "e" violates check constraint "e_check2"
DETAIL: Failing row contains (4, null, xz).

> ALTER TABLE e ADD CHECK (a > 5)
ERROR 23514: check constraint "e_a_check1" of relation "e" is violated by some row

> ALTER TABLE e ADD CONSTRAINT later CHECK (a > 5) NOT VALID
ALTER TABLE

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'later'
   pg_get_constraintdef
---------------------------
 CHECK ((a > 5)) NOT VALID
(1 row)

> INSERT INTO e VALUES (1, 2, 'x')
ERROR 23514: new row for relation "e" violates check constraint "later"
DETAIL: Failing row contains (1, 2, x).

> ALTER TABLE e VALIDATE CONSTRAINT later
ERROR 23514: check constraint "later" of relation "e" is violated by some row

> ALTER TABLE e VALIDATE CONSTRAINT nothing
ERROR 42704: constraint "nothing" of relation "e" does not exist

> ALTER TABLE e DROP CONSTRAINT later
ALTER TABLE

> ALTER TABLE e ADD CONSTRAINT z CHECK (a > 0)
ERROR 42710: constraint "z" for relation "e" already exists

> ALTER TABLE e RENAME CONSTRAINT z TO k
ERROR 42710: constraint "k" for relation "e" already exists

> ALTER TABLE e RENAME CONSTRAINT z TO zz
ALTER TABLE

> ALTER TABLE e RENAME CONSTRAINT z TO zzz
ERROR 42704: constraint "z" for table "e" does not exist

> INSERT INTO e VALUES (7, 8, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_b_check"
DETAIL: Failing row contains (7, 8, x).

> ALTER TABLE e RENAME COLUMN a TO aa
ALTER TABLE

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'zz'
 pg_get_constraintdef
----------------------
 CHECK ((aa <> 7))
(1 row)

> INSERT INTO e VALUES (7, 8, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_b_check"
DETAIL: Failing row contains (7, 8, x).

> ALTER TABLE e ALTER COLUMN aa TYPE bigint
ALTER TABLE

> INSERT INTO e VALUES (7, 4, 'x')
ERROR 23514: new row for relation "e" violates check constraint "e_check"
DETAIL: Failing row contains (7, 4, x).

> ALTER TABLE e DROP COLUMN b
ALTER TABLE

> SELECT conname FROM pg_constraint WHERE conrelid = 'e'::regclass AND contype = 'c' ORDER BY 1
  conname
-----------
 e_a_check
 e_check2
 k
 zz
(4 rows)

> ALTER TABLE e DROP CONSTRAINT e_a_check, DROP CONSTRAINT IF EXISTS nothing
NOTICE: constraint "nothing" of relation "e" does not exist, skipping
ALTER TABLE

> ALTER TABLE e DROP CONSTRAINT nothing
ERROR 42704: constraint "nothing" of relation "e" does not exist

> CREATE TABLE f (a int CHECK (sum(a) > 0))
ERROR 42803: aggregate functions are not allowed in check constraints

> CREATE TABLE f (a int CHECK ((SELECT 1) > 0))
ERROR 0A000: cannot use subquery in check constraint
HINT: Use the columns of the row, constants and functions.

> CREATE TABLE f (a int CHECK (a))
ERROR 42804: argument of CHECK must be type boolean, not type integer
LINE 1: CREATE TABLE f (a int CHECK (a))
                                     ^

> CREATE TABLE f (a int CHECK (x > 1))
ERROR 42703: column "x" does not exist
LINE 1: CREATE TABLE f (a int CHECK (x > 1))
                                     ^

> CREATE TABLE f (a int CHECK (row_number() OVER () > 1))
ERROR 42P20: window functions are not allowed in check constraints

> CREATE TABLE f (a int CHECK (generate_series(1, a) > 1))
ERROR 0A000: set-returning functions are not allowed in check constraints
HINT: Use the columns of the row, constants and functions.

> CREATE TABLE f (a int CHECK (f.a > 1), j jsonb CHECK (j ->> 'k' = 'v' AND j ? 'k'), d date CHECK (d >= '2024-01-01'), v varchar(5) CHECK (v ~ '^[a-z]+$'), n numeric CHECK (n >= 0 AND n <= 1), at timestamptz CHECK (at <= now()))
CREATE TABLE

> INSERT INTO f VALUES (2, '{"k": "v"}', '2024-01-01', 'abc', 0.5, now())
INSERT 0 1

> INSERT INTO f (a) VALUES (1)
ERROR 23514: new row for relation "f" violates check constraint "f_a_check"
DETAIL: Failing row contains (1, null, null, null, null, null).

> INSERT INTO f (j) VALUES ('{"k": "w"}')
ERROR 23514: new row for relation "f" violates check constraint "f_j_check"
DETAIL: Failing row contains (null, {"k": "w"}, null, null, null, null).

> INSERT INTO f (d) VALUES ('2023-12-31')
ERROR 23514: new row for relation "f" violates check constraint "f_d_check"
DETAIL: Failing row contains (null, null, 2023-12-31, null, null, null).

> INSERT INTO f (v) VALUES ('A')
ERROR 23514: new row for relation "f" violates check constraint "f_v_check"
DETAIL: Failing row contains (null, null, null, A, null, null).

> INSERT INTO f (n) VALUES (1.01)
ERROR 23514: new row for relation "f" violates check constraint "f_n_check"
DETAIL: Failing row contains (null, null, null, null, 1.01, null).

> INSERT INTO f (at) VALUES ('2100-01-01')
ERROR 23514: new row for relation "f" violates check constraint "f_at_check"
DETAIL: Failing row contains (null, null, null, null, null, 2100-01-01 00:00:00+00).

> CREATE TABLE g (id int PRIMARY KEY, a int CONSTRAINT positive CHECK (CASE WHEN a IS NULL THEN false ELSE a > 0 END), b int CHECK (coalesce(a, 0) + b > 10))
CREATE TABLE

> INSERT INTO g VALUES (1, NULL, 1)
ERROR 23514: new row for relation "g" violates check constraint "g_check"
DETAIL: Failing row contains (1, null, 1).

> INSERT INTO g VALUES (1, 5, 5)
ERROR 23514: new row for relation "g" violates check constraint "g_check"
DETAIL: Failing row contains (1, 5, 5).

> INSERT INTO g VALUES (1, 5, 6) ON CONFLICT (id) DO NOTHING
INSERT 0 1

> INSERT INTO g VALUES (1, 1, 20) ON CONFLICT (id) DO UPDATE SET a = -1
ERROR 23514: new row for relation "g" violates check constraint "g_check"
DETAIL: Failing row contains (1, -1, 6).

> INSERT INTO g VALUES (1, 1, 20) ON CONFLICT (id) DO UPDATE SET a = 7
INSERT 0 1

> ALTER TABLE g ADD COLUMN c int DEFAULT 3 CHECK (c > 4)
ERROR 23514: check constraint "g_c_check" of relation "g" is violated by some row

> ALTER TABLE g ADD COLUMN c int DEFAULT 5 CHECK (c > 4), ADD COLUMN d int NOT NULL DEFAULT 1 CHECK (d < c)
ALTER TABLE

> SELECT * FROM g
 id | a | b | c | d
----+---+---+---+---
  1 | 7 | 6 | 5 | 1
(1 row)

> INSERT INTO g (id, a, b, c) VALUES (2, 5, 6, 1)
ERROR 23514: new row for relation "g" violates check constraint "g_c_check"
DETAIL: Failing row contains (2, 5, 6, 1, 1).

> DROP TABLE e, f, g
DROP TABLE
