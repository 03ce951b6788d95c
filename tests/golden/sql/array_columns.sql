# Columns of arrays, of one dimension, and of intervals.

> CREATE TABLE a (id int PRIMARY KEY, tags text[] DEFAULT '{}', ns int[] NOT NULL DEFAULT '{1,2}', span interval, fs float4[], us uuid[], ts timestamptz[], v varchar(3)[], js jsonb[], bs bytea[])

> INSERT INTO a (id, tags, span, fs) VALUES (1, '{red,"dark blue",NULL}', '1 mon 2 days 03:04:05', '{1.5,2}'), (2, ARRAY['x', 'y'], '30 days', NULL)

> INSERT INTO a (id) VALUES (3)

> INSERT INTO a (id, tags, ns, us, ts, v, js, bs) VALUES (4, '{}', ARRAY[7, 8, 9], '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{2024-01-01 00:00:00+00}', '{abc,de}', ARRAY['{"a":1}'::jsonb], ARRAY['\x01'::bytea])

> SELECT * FROM a ORDER BY id

> INSERT INTO a (id, v) VALUES (5, '{abcd}')

> INSERT INTO a (id, ns) VALUES (5, '{{1,2},{3,4}}')

> INSERT INTO a (id, ns) VALUES (5, NULL)

> SELECT id FROM a WHERE 'red' = ANY (tags)

> SELECT id FROM a WHERE tags @> ARRAY['x'] ORDER BY id

> SELECT id FROM a WHERE tags <@ ARRAY['x', 'y', 'z'] ORDER BY id

> SELECT id FROM a WHERE tags && ARRAY['x', 'red'] ORDER BY id

> SELECT 1 && 2

> SELECT ARRAY[1, NULL] @> ARRAY[NULL]::int[], ARRAY[1, NULL] && ARRAY[NULL]::int[], ARRAY[1, 2] @> '{2,2}', '{}'::int[] && ARRAY[1], NULL::int[] && ARRAY[1]

> SELECT id FROM a WHERE ns = '{1,2}' ORDER BY id

> UPDATE a SET tags = array_append(tags, 'new') WHERE id = 1 RETURNING tags

> UPDATE a SET tags = tags || '{p,q}' WHERE id = 2 RETURNING tags

> SELECT id, tags[1], ns[2:3], array_length(tags, 1), cardinality(ns) FROM a ORDER BY id

> SELECT unnest(tags) FROM a WHERE id = 2

> SELECT id, span FROM a WHERE span IS NOT NULL ORDER BY span, id

> SELECT id FROM a WHERE span > '29 days' ORDER BY id

> SELECT id FROM a WHERE span = '1 mon'

> SELECT tags, count(*) FROM a GROUP BY tags ORDER BY 1

> SELECT DISTINCT ns FROM a ORDER BY ns

> SELECT max(span), sum(span) FROM a

> SELECT span, count(*) FROM a GROUP BY span ORDER BY 1

> CREATE TABLE b AS SELECT id, tags, span FROM a

> SELECT a.id, b.id FROM a JOIN b USING (tags) ORDER BY 1, 2

> ALTER TABLE a ADD COLUMN more int[] DEFAULT '{4}'

> SELECT more FROM a WHERE id = 1

> ALTER TABLE a ALTER COLUMN ns TYPE bigint[]

> SELECT ns, pg_typeof(ns) FROM a WHERE id = 4

> SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0 ORDER BY attnum

> CREATE INDEX ON a (tags)

> CREATE TABLE k (t text[] PRIMARY KEY)

> DELETE FROM a WHERE tags = '{}'

> SELECT id FROM a ORDER BY id

> CREATE TABLE u (x unknown)
