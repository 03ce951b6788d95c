# REINDEX, alone and in blocks; how far an index is built.

> CREATE TABLE r (id int PRIMARY KEY, a int, b text UNIQUE, v vector(2))

> INSERT INTO r SELECT n, n % 3, 'b' || n, ('[' || n || ',0]')::vector FROM generate_series(1, 20) AS n

> CREATE INDEX r_a ON r (a)

> CREATE INDEX r_v ON r USING hnsw (v vector_l2_ops)

> SELECT c.relname, i.indisvalid, i.indisready, i.indisunique FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'r'::regclass ORDER BY 1

> REINDEX INDEX r_a

> REINDEX INDEX CONCURRENTLY public.r_v

> REINDEX TABLE r

> SELECT c.relname, i.indisvalid, i.indisready, i.indisunique FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'r'::regclass ORDER BY 1

> EXPLAIN SELECT id FROM r WHERE a = 2

> EXPLAIN SELECT id FROM r ORDER BY v <-> '[3.2,0]' LIMIT 2

> SELECT id FROM r ORDER BY v <-> '[3.2,0]' LIMIT 2

> SELECT id FROM r WHERE a = 2 ORDER BY id

> INSERT INTO r VALUES (21, 0, 'b1')

> BEGIN

> INSERT INTO r VALUES (21, 2, 'b21')

> REINDEX INDEX r_b_key

> INSERT INTO r VALUES (22, 2, 'b21')

> ROLLBACK

> SELECT count(*) FROM r

> BEGIN

> REINDEX TABLE r

> UPDATE r SET a = 7 WHERE id = 4

> COMMIT

> SELECT id FROM r WHERE a = 7

> REINDEX INDEX nothing

> REINDEX INDEX r

> REINDEX INDEX r_pkey

> REINDEX TABLE r_a

> REINDEX TABLE

> DROP INDEX r_a, r_v
