# Indexes over expressions, over some of the rows, and with NULLs that count.

> CREATE TABLE t (id int PRIMARY KEY, a text, b int, active boolean, meta jsonb, gone timestamptz)

> INSERT INTO t SELECT n, 'Name' || n % 50, n % 7, n % 2 = 0, jsonb_build_object('ref', 'r' || n % 20, 'n', n), CASE WHEN n % 10 = 0 THEN '2024-01-01'::timestamptz END FROM generate_series(1, 200) n

> CREATE INDEX t_lower ON t (lower(a))

> CREATE INDEX ON t (lower(a), b)

> CREATE INDEX ON t ((b + 1), lower(a), (b * 2))

> CREATE INDEX t_ref ON t ((meta ->> 'ref'))

> CREATE INDEX t_active ON t (b) WHERE active

> CREATE INDEX t_there ON t (a) WHERE gone IS NULL AND b > 2

> CREATE UNIQUE INDEX t_once ON t (a, (b % 7)) WHERE id < 0

> SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1

> SELECT indkey, indpred IS NULL, indexprs IS NULL, indisunique FROM pg_index WHERE indrelid = 't'::regclass ORDER BY indexrelid

> SELECT count(*) FROM t WHERE lower(a) = 'name7'

> SELECT count(*) FROM t WHERE lower(t.a) IN ('name7', 'name8') AND b = 0

> SELECT count(*) FROM t WHERE meta ->> 'ref' = 'r3'

> SELECT count(*) FROM t WHERE b = 4 AND active

> SELECT count(*) FROM t WHERE b = 4 AND NOT active

> SELECT count(*) FROM t WHERE a = 'Name3' AND gone IS NULL AND b = 3

> SELECT count(*) FROM t WHERE a = 'Name3' AND gone IS NULL AND b > 1

> SELECT lower(a), count(*) FROM t WHERE b + 1 > 6 GROUP BY lower(a) ORDER BY lower(a) LIMIT 3

> UPDATE t SET a = 'OTHER' WHERE lower(a) = 'name7'

> SELECT count(*) FROM t WHERE lower(a) = 'other'

> SELECT count(*) FROM t WHERE lower(a) = 'name7'

> DELETE FROM t WHERE lower(a) = 'other' AND b = 0

> SELECT count(*) FROM t WHERE lower(a) = 'other'

> INSERT INTO t (id, a, b) VALUES (-1, 'x', 3), (-2, 'x', 4)

> INSERT INTO t (id, a, b) VALUES (-3, 'x', 10)

> INSERT INTO t (id, a, b) VALUES (1000, 'x', 10)

> UPDATE t SET id = -4 WHERE id = 1000

> INSERT INTO t (id, a, b) VALUES (-5, 'x', 10) ON CONFLICT (a, (b % 7)) WHERE id < 0 DO UPDATE SET b = 100 RETURNING id, b

> INSERT INTO t (id, a, b) VALUES (-6, 'x', 4) ON CONFLICT (a, (b % 7)) WHERE id < -1 DO NOTHING

> INSERT INTO t (id, a, b) VALUES (-6, 'x', 4) ON CONFLICT (a, (b % 7)) DO NOTHING

> INSERT INTO t (id, a, b) VALUES (-7, 'x', 4) ON CONFLICT DO NOTHING

> CREATE UNIQUE INDEX t_lower_once ON t (lower(a))

> ALTER TABLE t RENAME COLUMN a TO name

> SELECT count(*) FROM t WHERE lower(name) = 'other'

> SELECT pg_get_indexdef('t_lower'::regclass)

> ALTER TABLE t DROP COLUMN b

> SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1

# differs: PostgreSQL says that functions must be immutable, in 42P17.
> CREATE INDEX ON t ((random()))

> CREATE INDEX ON t (id) WHERE gone < now()

> CREATE INDEX ON t ((sum(id)))

> CREATE INDEX ON t ((SELECT 1))

> CREATE INDEX ON t (lower(nothing))

> CREATE INDEX ON t (id) WHERE id

# differs: there are no such indexes.
> CREATE INDEX ON t USING gin (to_tsvector('simple', name))

> DROP INDEX t_lower

> DROP TABLE t

> CREATE TABLE u (a int, b int, c text, UNIQUE NULLS NOT DISTINCT (a), UNIQUE NULLS NOT DISTINCT (b, c))

> INSERT INTO u VALUES (NULL, 1, NULL)

> INSERT INTO u VALUES (NULL, 2, NULL)

> INSERT INTO u VALUES (1, 1, NULL)

> INSERT INTO u VALUES (1, 2, NULL)

> INSERT INTO u VALUES (1, 3, 'x') ON CONFLICT (a) DO UPDATE SET c = 'y' RETURNING *

> INSERT INTO u VALUES (NULL, 1, NULL) ON CONFLICT (b, c) DO NOTHING

> SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'u'::regclass ORDER BY 1

> SELECT constraint_name, nulls_distinct FROM information_schema.table_constraints WHERE table_name = 'u' ORDER BY 1

> CREATE UNIQUE INDEX ui ON u (c) NULLS NOT DISTINCT

> DELETE FROM u

> CREATE UNIQUE INDEX ui ON u (c) NULLS NOT DISTINCT WHERE b > 0

> INSERT INTO u VALUES (1, 1, NULL), (2, 2, NULL)

> DROP TABLE u
