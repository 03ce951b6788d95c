# The nearest-neighbour index: creating it, seeing that it is used, order, filters, settings.

> CREATE TABLE point (id int PRIMARY KEY, kind text, v vector(2))

> INSERT INTO point SELECT n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, ('[' || n % 10 || ',' || n / 10 || ']')::vector FROM generate_series(0, 99) AS n

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> CREATE INDEX point_l2 ON point USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32)

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> SELECT id, v <-> '[2,3]' AS distance FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> SELECT id FROM point WHERE kind = 'odd' ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> EXPLAIN SELECT id FROM point WHERE kind = 'odd' ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> SELECT id FROM point WHERE kind = 'odd' AND id > 90 ORDER BY v <-> '[2.2,3.1]' LIMIT 20

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 2 OFFSET 1

> SELECT id FROM point WHERE v <-> '[2.2,3.1]' < 1 ORDER BY v <-> '[2.2,3.1]' LIMIT 10

# Another operator than the index has: measured, not walked.

> EXPLAIN SELECT id FROM point ORDER BY v <=> '[2.2,3.1]' LIMIT 3

> EXPLAIN GET MEMORY IN point SIMILAR TO [2.2, 3.1] USING l2 LIMIT 3

> GET MEMORY FIELDS id IN point WHERE kind = "odd" SIMILAR TO [2.2, 3.1] USING l2 LIMIT 3

> DELETE FROM point WHERE id = 32

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 1

> UPDATE point SET v = '[2.2,3.1]' WHERE id = 77

> SELECT id, v FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 1

> SHOW hnsw.ef_search

> SET hnsw.ef_search = 200

> SHOW hnsw.ef_search

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> SET hnsw.ef_search = 5000

> CREATE INDEX ON point USING hnsw (v vector_cosine_ops)

> SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'point' ORDER BY indexname

> CREATE INDEX bad ON point USING hnsw (v vector_l2_ops) WITH (m = 1)

> CREATE INDEX bad ON point USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 20)

> CREATE INDEX bad ON point USING hnsw (kind vector_l2_ops)

> CREATE INDEX bad ON point USING hnsw (v nothing_ops)

> CREATE INDEX bad ON point USING ivfflat (v vector_l2_ops)

> DROP INDEX point_l2

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
