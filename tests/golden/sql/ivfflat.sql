# ivfflat indexes: pgvector's syntax and catalogs. They are the graphs of hnsw.

> CREATE TABLE t (id int primary key, val vector(3), h halfvec(3))
CREATE TABLE

> INSERT INTO t SELECT i, ARRAY[i, i+1, i+2]::vector, ARRAY[i,1,2]::halfvec FROM generate_series(1,500) i
INSERT 0 500

> CREATE INDEX ti ON t USING ivfflat (val vector_l2_ops) WITH (lists = 1)
CREATE INDEX

> CREATE INDEX th ON t USING ivfflat (h halfvec_cosine_ops)
CREATE INDEX

> CREATE INDEX tx ON t USING ivfflat (h)
CREATE INDEX

> CREATE INDEX ON t USING ivfflat (val vector_l1_ops)
ERROR 42704: operator class "vector_l1_ops" does not exist for access method "ivfflat"

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (lists = 0)
ERROR 22023: value 0 out of bounds for option "lists"
DETAIL: Valid values are between "1" and "32768".

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (lists = 32769)
ERROR 22023: value 32769 out of bounds for option "lists"
DETAIL: Valid values are between "1" and "32768".

> CREATE INDEX ON t USING ivfflat (val vector_l2_ops) WITH (m = 3)
ERROR 22023: unrecognized parameter "m"
HINT: ivfflat takes lists.

> SET ivfflat.probes = 3
SET

> select pg_get_indexdef('ti'::regclass), pg_get_indexdef('th'::regclass)
                         pg_get_indexdef                          |                                   pg_get_indexdef
------------------------------------------------------------------+-------------------------------------------------------------------------------------
 CREATE INDEX ti ON public.t USING ivfflat (val) WITH (lists='1') | CREATE INDEX th ON public.t USING ivfflat (h halfvec_cosine_ops) WITH (lists='100')
(1 row)

> SELECT id FROM t ORDER BY val <-> '[5,5,5]' LIMIT 3
 id
----
  4
  3
  5
(3 rows)

> select amname, opcname, opcdefault from pg_opclass join pg_am a on a.oid=opcmethod where amname='ivfflat' order by 1,2
 amname  |      opcname       | opcdefault
---------+--------------------+------------
 ivfflat | halfvec_cosine_ops | f
 ivfflat | halfvec_ip_ops     | f
 ivfflat | halfvec_l2_ops     | f
 ivfflat | vector_cosine_ops  | f
 ivfflat | vector_ip_ops      | f
 ivfflat | vector_l2_ops      | t
(6 rows)

> select reloptions from pg_class where relname in ('ti','th') order by relname
 reloptions
-------------
 {lists=100}
 {lists=1}
(2 rows)

> SELECT indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY indexname
                                      indexdef
-------------------------------------------------------------------------------------
 CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)
 CREATE INDEX th ON public.t USING ivfflat (h halfvec_cosine_ops) WITH (lists='100')
 CREATE INDEX ti ON public.t USING ivfflat (val) WITH (lists='1')
 CREATE INDEX tx ON public.t USING ivfflat (h halfvec_l2_ops) WITH (lists='100')
(4 rows)

> DROP TABLE t
DROP TABLE
