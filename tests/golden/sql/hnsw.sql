# The nearest-neighbour index: creating it, seeing that it is used, order, filters, settings.

> CREATE TABLE point (id int PRIMARY KEY, kind text, v vector(2))
CREATE TABLE

> INSERT INTO point SELECT n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, ('[' || n % 10 || ',' || n / 10 || ']')::vector FROM generate_series(0, 99) AS n
INSERT 0 100

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
                   QUERY PLAN
-------------------------------------------------
 Limit
   ->  Sort by l2 distance (exact)
         ->  Seq Scan on point
               Order By: l2 distance to a vector
(4 rows)

> CREATE INDEX point_l2 ON point USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32)
CREATE INDEX

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
                           QUERY PLAN
-----------------------------------------------------------------
 Limit
   ->  Vector Index Scan using point_l2 on point (ef_search: 80)
         Order By: l2 distance to a vector
(3 rows)

> SELECT id, v <-> '[2,3]' AS distance FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
 id | distance
----+----------
 32 |        0
 33 |        1
 42 |        1
(3 rows)

> SELECT id FROM point WHERE kind = 'odd' ORDER BY v <-> '[2.2,3.1]' LIMIT 3
 id
----
 33
 31
 43
(3 rows)

> EXPLAIN SELECT id FROM point WHERE kind = 'odd' ORDER BY v <-> '[2.2,3.1]' LIMIT 3
                           QUERY PLAN
-----------------------------------------------------------------
 Limit
   ->  Vector Index Scan using point_l2 on point (ef_search: 80)
         Order By: l2 distance to a vector
         Filter: by columns (before the search)
(4 rows)

> SELECT id FROM point WHERE kind = 'odd' AND id > 90 ORDER BY v <-> '[2.2,3.1]' LIMIT 20
 id
----
 93
 91
 95
 97
 99
(5 rows)

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 2 OFFSET 1
 id
----
 33
 42
(2 rows)

> SELECT id FROM point WHERE v <-> '[2.2,3.1]' < 1 ORDER BY v <-> '[2.2,3.1]' LIMIT 10
 id
----
 32
 33
 42
(3 rows)

# Another operator than the index has: measured, not walked.

> EXPLAIN SELECT id FROM point ORDER BY v <=> '[2.2,3.1]' LIMIT 3
                     QUERY PLAN
-----------------------------------------------------
 Limit
   ->  Sort by cosine distance (exact)
         ->  Seq Scan on point
               Order By: cosine distance to a vector
(4 rows)

> EXPLAIN GET MEMORY IN point SIMILAR TO [2.2, 3.1] USING l2 LIMIT 3
                           QUERY PLAN
-----------------------------------------------------------------
 Limit
   ->  Vector Index Scan using point_l2 on point (ef_search: 80)
         Order By: l2 distance to a vector
(3 rows)

> GET MEMORY FIELDS id IN point WHERE kind = "odd" SIMILAR TO [2.2, 3.1] USING l2 LIMIT 3
 id
----
 33
 31
 43
(3 rows)

> DELETE FROM point WHERE id = 32
DELETE 1

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 1
 id
----
 33
(1 row)

> UPDATE point SET v = '[2.2,3.1]' WHERE id = 77
UPDATE 1

> SELECT id, v FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 1
 id |     v
----+-----------
 77 | [2.2,3.1]
(1 row)

> SHOW hnsw.ef_search
 hnsw.ef_search
----------------
 80
(1 row)

> SET hnsw.ef_search = 200
SET

> SHOW hnsw.ef_search
 hnsw.ef_search
----------------
 200
(1 row)

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
                            QUERY PLAN
------------------------------------------------------------------
 Limit
   ->  Vector Index Scan using point_l2 on point (ef_search: 200)
         Order By: l2 distance to a vector
(3 rows)

> SET hnsw.ef_search = 5000
ERROR 22023: 5000 is outside the valid range for parameter "hnsw.ef_search" (1 .. 1000)

> CREATE INDEX ON point USING hnsw (v vector_cosine_ops)
CREATE INDEX

> SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'point' ORDER BY indexname
  indexname  |                                                   indexdef
-------------+---------------------------------------------------------------------------------------------------------------
 point_l2    | CREATE INDEX point_l2 ON public.point USING hnsw (v vector_l2_ops) WITH (m='8', ef_construction='32')
 point_pkey  | CREATE UNIQUE INDEX point_pkey ON public.point USING btree (id)
 point_v_idx | CREATE INDEX point_v_idx ON public.point USING hnsw (v vector_cosine_ops) WITH (m='16', ef_construction='64')
(3 rows)

> CREATE INDEX bad ON point USING hnsw (v vector_l2_ops) WITH (m = 1)
ERROR 22023: value 1 out of bounds for option "m"
DETAIL: Valid values are between "2" and "100".

> CREATE INDEX bad ON point USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 20)
ERROR 22023: ef_construction must be greater than or equal to 2 * m, 20 is less than 32

> CREATE INDEX bad ON point USING hnsw (kind vector_l2_ops)
ERROR 42804: operator class "vector_l2_ops" does not accept data type text

> CREATE INDEX bad ON point USING hnsw (v nothing_ops)
ERROR 42704: distance metric "nothing_ops" does not exist
HINT: use cosine, l2, ip or l1, or vector_cosine_ops, vector_l2_ops, vector_ip_ops or vector_l1_ops

> CREATE INDEX bad ON point USING gist (v)
ERROR 0A000: access method "gist" is not offered
HINT: An ordered index serves one fact: CREATE INDEX ON memory ((metadata->>'key')).

> DROP INDEX point_l2
DROP INDEX

> EXPLAIN SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
                   QUERY PLAN
-------------------------------------------------
 Limit
   ->  Sort by l2 distance (exact)
         ->  Seq Scan on point
               Order By: l2 distance to a vector
(4 rows)

> SELECT id FROM point ORDER BY v <-> '[2.2,3.1]' LIMIT 3
 id
----
 77
 33
 42
(3 rows)
