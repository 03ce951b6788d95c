# Values that are equal and look different: zeros of both signs, intervals of one length, numbers of one value in jsonb.

> CREATE TABLE z (id int PRIMARY KEY, f float8, r float4, j jsonb)
CREATE TABLE

> INSERT INTO z VALUES (1, 0, 0, '1'), (2, '-0', '-0', '1.0'), (3, 0, 0, '1.00'), (4, NULL, NULL, NULL)
INSERT 0 4

# A subquery shows the value of its own outer row.

> SELECT id, (SELECT max(z.f || ':' || y.id) FROM z y WHERE y.id <> z.id) FROM z ORDER BY id
 id | max
----+------
  1 | 0:4
  2 | -0:4
  3 | 0:4
  4 | NULL
(4 rows)

> SELECT id, (SELECT z.f || '' FROM z y ORDER BY y.id LIMIT 1), (SELECT z.r || '' FROM z y OFFSET 1 LIMIT 1), (SELECT z.j::text FROM z y LIMIT 1) FROM z ORDER BY id
 id | ?column? | ?column? |  j
----+----------+----------+------
  1 | 0        | 0        | 1
  2 | -0       | -0       | 1.0
  3 | 0        | 0        | 1.00
  4 | NULL     | NULL     | NULL
(4 rows)

> SELECT id, l.t FROM z, LATERAL (SELECT z.j::text AS t FROM z y ORDER BY y.id LIMIT 1) l ORDER BY id
 id |  t
----+------
  1 | 1
  2 | 1.0
  3 | 1.00
  4 | NULL
(4 rows)

> SELECT i, (SELECT i || '' FROM z LIMIT 1) FROM (VALUES (interval '1 mon'), (interval '30 days'), (interval '720:00')) v(i) ORDER BY i::text
     i     | ?column?
-----------+-----------
 1 mon     | 1 mon
 30 days   | 30 days
 720:00:00 | 720:00:00
(3 rows)

> SELECT id, (SELECT string_agg(y.id || z.f::text, ',' ORDER BY y.id) FROM (SELECT id FROM z w WHERE w.f = z.f) y) FROM z ORDER BY id
 id | string_agg
----+-------------
  1 | 10,20,30
  2 | 1-0,2-0,3-0
  3 | 10,20,30
  4 | NULL
(4 rows)

> SELECT id FROM z WHERE '-0' IN (SELECT z.f::text FROM z y LIMIT 2) ORDER BY id
 id
----
  2
(1 row)

> SELECT id, (SELECT count(*) FROM (SELECT DISTINCT y.f FROM z y WHERE y.f = z.f) s), (SELECT sum(1) OVER () FROM z y WHERE y.f = z.f LIMIT 1) FROM z ORDER BY id
 id | count | sum
----+-------+------
  1 |     1 |    3
  2 |     1 |    3
  3 |     1 |    3
  4 |     0 | NULL
(4 rows)

> SELECT id, (SELECT z.f WHERE true), (SELECT z.r WHERE z.id > 1), (SELECT z.j WHERE true) FROM z ORDER BY id
 id |  f   |  r   |  j
----+------+------+------
  1 |    0 | NULL | 1
  2 |   -0 |   -0 | 1.0
  3 |    0 |    0 | 1.00
  4 | NULL | NULL | NULL
(4 rows)

# Of equal values max and min show the last, greatest and least the first.

> SELECT max(x), min(x) FROM (VALUES ('0'::float8), ('-0'::float8)) v(x)
 max | min
-----+-----
  -0 |  -0
(1 row)

> SELECT max(x), min(x) FROM (VALUES ('-0'::float4), ('0'::float4)) v(x)
 max | min
-----+-----
   0 |   0
(1 row)

> SELECT k, max(x), min(x) FROM (VALUES (1, '0'::float8), (1, '-0'::float8), (2, '-0'), (2, '0')) v(k, x) GROUP BY k ORDER BY k
 k | max | min
---+-----+-----
 1 |  -0 |  -0
 2 |   0 |   0
(2 rows)

> SELECT id, max(f) OVER (ORDER BY id), min(f) OVER (ORDER BY id), max(f) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), min(r) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM z ORDER BY id
 id | max | min | max | min
----+-----+-----+-----+------
  1 |   0 |   0 |   0 |   -0
  2 |  -0 |  -0 |  -0 |    0
  3 |   0 |   0 |   0 |    0
  4 |   0 |   0 |   0 | NULL
(4 rows)

> SELECT greatest(a, b), greatest(b, a), least(a, b), least(b, a), greatest(NULL, a, 'NaN'), least('NaN', NULL, a) FROM (VALUES ('0'::float8, '-0'::float8)) v(a, b)
 greatest | greatest | least | least | greatest | least
----------+----------+-------+-------+----------+-------
        0 |       -0 |     0 |    -0 |      NaN |     0
(1 row)

# One NaN, also among constants that are computed while a statement is planned.

> SELECT count(*) FROM z WHERE - 'NaN'::float8 IN (SELECT 'NaN'::float8 FROM z y)
 count
-------
     4
(1 row)

> SELECT count(*), count(*) FILTER (WHERE a = b), count(*) FILTER (WHERE a IN (b, 1)) FROM (SELECT - 'NaN'::float8 AS a, 'NaN'::float8 AS b FROM z) s
 count | count | count
-------+-------+-------
     4 |     4 |     4
(1 row)

> SELECT count(*) FROM z JOIN (SELECT 'Infinity'::float8 - 'Infinity'::float8 AS k) y ON y.k = 'NaN'::float8
 count
-------
     4
(1 row)

# An array without elements has no length and no bounds.

> SELECT array_length('{}'::int[], 1), array_ndims('{}'::int[]), array_lower('{}'::int[], 1), array_upper('{}'::int[], 1), array_dims('{}'::int[]), cardinality('{}'::int[])
 array_length | array_ndims | array_lower | array_upper | array_dims | cardinality
--------------+-------------+-------------+-------------+------------+-------------
         NULL |        NULL |        NULL |        NULL | NULL       |           0
(1 row)

> SELECT array_length('{7,8}'::int[], 1), array_ndims('{7,8}'::int[]), array_lower('{7,8}'::int[], 1), array_upper('{7,8}'::int[], 1), array_dims('{7,8}'::int[]), cardinality('{7,8}'::int[])
 array_length | array_ndims | array_lower | array_upper | array_dims | cardinality
--------------+-------------+-------------+-------------+------------+-------------
            2 |           1 |           1 |           2 | [1:2]      |           2
(1 row)

> SELECT array_length(a, 1), array_length(a, 2), array_length(a, 0), array_dims(a) FROM (SELECT array_remove(ARRAY[1], 1) AS a UNION ALL SELECT ARRAY[2] UNION ALL SELECT NULL) s
 array_length | array_length | array_length | array_dims
--------------+--------------+--------------+------------
         NULL |         NULL |         NULL | NULL
            1 |         NULL |         NULL | [1:1]
         NULL |         NULL |         NULL | NULL
(3 rows)

> SELECT array_length(string_to_array('', ','), 1), array_length(ARRAY[]::text[], 1)
 array_length | array_length
--------------+--------------
         NULL |         NULL
(1 row)
