# Conditions on rows. The hints are this server's own.

> CREATE TABLE e (a int CHECK (a > 0) CHECK (b < 5), b int, t text, CHECK (a < b), CONSTRAINT z CHECK (a <> 7))

> INSERT INTO e VALUES (1, 2, 'x'), (NULL, NULL, NULL)

> INSERT INTO e VALUES (0, 2, 'x')

> INSERT INTO e VALUES (1, 9, 'x')

> INSERT INTO e VALUES (3, 2, 'x')

> INSERT INTO e VALUES (7, 8, 'x')

> UPDATE e SET b = 1 WHERE a = 1

> UPDATE e SET a = -a WHERE a = 1

> SELECT conname, contype, convalidated, conkey, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'e'::regclass ORDER BY 1

> SELECT constraint_name, constraint_type, is_deferrable FROM information_schema.table_constraints WHERE table_name = 'e' AND constraint_type = 'CHECK' AND constraint_name NOT LIKE '%not_null' ORDER BY 1

> SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_name LIKE 'e_%check' ORDER BY 1

> SELECT constraint_name, column_name FROM information_schema.constraint_column_usage WHERE table_name = 'e' ORDER BY 1, 2

> SELECT relchecks FROM pg_class WHERE relname = 'e'

> ALTER TABLE e ADD CONSTRAINT k CHECK (length(t) < 3 AND t LIKE 'x%')

> INSERT INTO e VALUES (1, 2, 'y')

> INSERT INTO e VALUES (1, 2, 'xyz')

> ALTER TABLE e ADD CHECK (b IN (1, 2) OR t IS NULL), ADD CHECK (t IN ('x', 'xy') OR a BETWEEN 1 AND 3)

> INSERT INTO e VALUES (1, 4, 'x')

> INSERT INTO e VALUES (4, NULL, 'xz')

> ALTER TABLE e ADD CHECK (a > 5)

> ALTER TABLE e ADD CONSTRAINT later CHECK (a > 5) NOT VALID

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'later'

> INSERT INTO e VALUES (1, 2, 'x')

> ALTER TABLE e VALIDATE CONSTRAINT later

> ALTER TABLE e VALIDATE CONSTRAINT nothing

> ALTER TABLE e DROP CONSTRAINT later

> ALTER TABLE e ADD CONSTRAINT z CHECK (a > 0)

> ALTER TABLE e RENAME CONSTRAINT z TO k

> ALTER TABLE e RENAME CONSTRAINT z TO zz

> ALTER TABLE e RENAME CONSTRAINT z TO zzz

> INSERT INTO e VALUES (7, 8, 'x')

> ALTER TABLE e RENAME COLUMN a TO aa

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'zz'

> INSERT INTO e VALUES (7, 8, 'x')

> ALTER TABLE e ALTER COLUMN aa TYPE bigint

> INSERT INTO e VALUES (7, 4, 'x')

> ALTER TABLE e DROP COLUMN b

> SELECT conname FROM pg_constraint WHERE conrelid = 'e'::regclass AND contype = 'c' ORDER BY 1

> ALTER TABLE e DROP CONSTRAINT e_a_check, DROP CONSTRAINT IF EXISTS nothing

> ALTER TABLE e DROP CONSTRAINT nothing

> CREATE TABLE f (a int CHECK (sum(a) > 0))

> CREATE TABLE f (a int CHECK ((SELECT 1) > 0))

> CREATE TABLE f (a int CHECK (a))

> CREATE TABLE f (a int CHECK (x > 1))

> CREATE TABLE f (a int CHECK (row_number() OVER () > 1))

> CREATE TABLE f (a int CHECK (generate_series(1, a) > 1))

> CREATE TABLE f (a int CHECK (f.a > 1), j jsonb CHECK (j ->> 'k' = 'v' AND j ? 'k'), d date CHECK (d >= '2024-01-01'), v varchar(5) CHECK (v ~ '^[a-z]+$'), n numeric CHECK (n >= 0 AND n <= 1), at timestamptz CHECK (at <= now()))

> INSERT INTO f VALUES (2, '{"k": "v"}', '2024-01-01', 'abc', 0.5, now())

> INSERT INTO f (a) VALUES (1)

> INSERT INTO f (j) VALUES ('{"k": "w"}')

> INSERT INTO f (d) VALUES ('2023-12-31')

> INSERT INTO f (v) VALUES ('A')

> INSERT INTO f (n) VALUES (1.01)

> INSERT INTO f (at) VALUES ('2100-01-01')

> CREATE TABLE g (id int PRIMARY KEY, a int CONSTRAINT positive CHECK (CASE WHEN a IS NULL THEN false ELSE a > 0 END), b int CHECK (coalesce(a, 0) + b > 10))

> INSERT INTO g VALUES (1, NULL, 1)

> INSERT INTO g VALUES (1, 5, 5)

> INSERT INTO g VALUES (1, 5, 6) ON CONFLICT (id) DO NOTHING

> INSERT INTO g VALUES (1, 1, 20) ON CONFLICT (id) DO UPDATE SET a = -1

> INSERT INTO g VALUES (1, 1, 20) ON CONFLICT (id) DO UPDATE SET a = 7

> ALTER TABLE g ADD COLUMN c int DEFAULT 3 CHECK (c > 4)

> ALTER TABLE g ADD COLUMN c int DEFAULT 5 CHECK (c > 4), ADD COLUMN d int NOT NULL DEFAULT 1 CHECK (d < c)

> SELECT * FROM g

> INSERT INTO g (id, a, b, c) VALUES (2, 5, 6, 1)

> DROP TABLE e, f, g
