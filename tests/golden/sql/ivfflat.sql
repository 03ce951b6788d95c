# ivfflat indexes: pgvector's syntax and catalogs. They are the graphs of hnsw.

> CREATE TABLE t (id int primary key, val vector(3), h halfvec(3))

> INSERT INTO t SELECT i, ARRAY[i, i+1, i+2]::vector, ARRAY[i,1,2]::halfvec FROM generate_series(1,500) i

> CREATE INDEX ti ON t USING ivfflat (val vector_l2_ops) WITH (lists = 1)

> CREATE INDEX th ON t USING ivfflat (h halfvec_cosine_ops)

> CREATE INDEX tx ON t USING ivfflat (h)

> CREATE INDEX ON t USING ivfflat (val vector_l1_ops)

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (lists = 0)

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (lists = 32769)

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (m = 3)

> SET ivfflat.probes = 3

> select pg_get_indexdef('ti'::regclass), pg_get_indexdef('th'::regclass)

> SELECT id FROM t ORDER BY val <-> '[5,5,5]' LIMIT 3

> select amname, opcname, opcdefault from pg_opclass join pg_am a on a.oid=opcmethod where amname='ivfflat' order by 1,2

> select reloptions from pg_class where relname in ('ti','th') order by relname

> SELECT indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY indexname

> DROP TABLE t
