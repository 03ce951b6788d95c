# Numbers of several types beside one another: a numeric beside a float8 is a float8, also where the values of CASE, COALESCE, UNION and VALUES meet.

> CREATE TABLE p (id int PRIMARY KEY, n numeric(12,2), f float8, r float4)
CREATE TABLE

> INSERT INTO p VALUES (1, 1.50, 1.5, 1.5), (2, 1.10, 'NaN', 1.1), (3, 2, 'Infinity', 'NaN'), (4, NULL, 0.1, NULL)
INSERT 0 4

> SELECT id, n IN ('NaN'::float8, 1.5), n NOT IN ('Infinity'::float8, 1e300), n IN (f, 1.1) FROM p ORDER BY id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | t        | t        | t
  2 | f        | t        | t
  3 | f        | t        | f
  4 | NULL     | NULL     | NULL
(4 rows)

> SELECT id, n IN (SELECT f FROM p), n = ANY (SELECT 'NaN'::float8), n < ALL (SELECT f FROM p WHERE id IN (2, 3)), f IN (SELECT n FROM p WHERE id < 4) FROM p ORDER BY id
 id | ?column? | ?column? | ?column? | ?column?
----+----------+----------+----------+----------
  1 | t        | f        | t        | t
  2 | f        | f        | t        | f
  3 | f        | f        | t        | f
  4 | NULL     | NULL     | NULL     | f
(4 rows)

> SELECT id FROM p WHERE n IN (SELECT f FROM p) ORDER BY id
 id
----
  1
(1 row)

> SELECT id FROM p WHERE f NOT IN (SELECT n FROM p WHERE n IS NOT NULL) ORDER BY id
 id
----
  2
  3
  4
(3 rows)

> SELECT id, n = ANY (ARRAY['NaN'::float8, 1.5]), 'NaN'::float8 = ANY (ARRAY[n, f]), f IN (1.5, 2.5) FROM p ORDER BY id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | t        | f        | t
  2 | f        | t        | f
  3 | f        | f        | f
  4 | NULL     | NULL     | f
(4 rows)

> SELECT id, CASE WHEN id < 3 THEN n ELSE f END, coalesce(n, f), greatest(n, f), least(n, f), nullif(n, f) FROM p ORDER BY id
 id |    f     | coalesce | greatest | least | nullif
----+----------+----------+----------+-------+--------
  1 |      1.5 |      1.5 |      1.5 |   1.5 |   NULL
  2 |      1.1 |      1.1 |      NaN |   1.1 |    1.1
  3 | Infinity |        2 | Infinity |     2 |      2
  4 |      0.1 |      0.1 |      0.1 |   0.1 |   NULL
(4 rows)

> SELECT id, CASE n WHEN 'NaN'::float8 THEN 'nan' WHEN 1.1 THEN 'same' END, n BETWEEN 1.1 AND f FROM p ORDER BY id
 id | case | ?column?
----+------+----------
  1 | NULL | t
  2 | same | t
  3 | NULL | t
  4 | NULL | NULL
(4 rows)

> SELECT n FROM p UNION SELECT f FROM p ORDER BY n
    n
----------
      0.1
      1.1
      1.5
        2
 Infinity
      NaN
     NULL
(7 rows)

> SELECT n FROM p UNION ALL SELECT r FROM p ORDER BY n
  n
------
  1.1
  1.1
  1.5
  1.5
    2
  NaN
 NULL
 NULL
(8 rows)

> SELECT n FROM p EXCEPT SELECT f FROM p ORDER BY n
  n
------
  1.1
    2
 NULL
(3 rows)

> SELECT f FROM p INTERSECT SELECT n FROM p ORDER BY f
  f
-----
 1.5
(1 row)

> SELECT sum(x) FROM (SELECT n AS x FROM p UNION ALL SELECT '-Infinity'::float8) s
    sum
-----------
 -Infinity
(1 row)

> SELECT * FROM (VALUES (1.5), ('NaN'::float8), (2)) v(x) ORDER BY x
  x
-----
 1.5
   2
 NaN
(3 rows)

> SELECT ARRAY[1.5, 'NaN'::float8], pg_typeof(coalesce(1.5, '1'::float8)), pg_typeof(coalesce(1.5, '1'::float4)), pg_typeof(nullif(1.5, '1'::float8))
   array   |    pg_typeof     | pg_typeof |    pg_typeof
-----------+------------------+-----------+------------------
 {1.5,NaN} | double precision | real      | double precision
(1 row)

> SELECT id, r IN (1.1, 2.2), r IN (1.1), r = 1.1 FROM p ORDER BY id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | f        | f        | f
  2 | t        | f        | f
  3 | f        | f        | f
  4 | NULL     | NULL     | NULL
(4 rows)

# The same in what RETURNING and conditions of writes compute row by row.

> CREATE TABLE rw (id int PRIMARY KEY, n numeric, r float4, f float8, b int8)
CREATE TABLE

> INSERT INTO rw VALUES (1, 100.10, 1, 100.1, 9007199254740993) RETURNING n IN (n, 1::float4) AS a, n IN (n, r) AS b, n = f AS c, f = 100.1 AS d, n::float8 = 100.1 AS e, b = 9007199254740992::float8 AS g, r = 1.0 AS h
 a | b | c | d | e | g | h
---+---+---+---+---+---+---
 t | t | t | t | t | t | t
(1 row)
INSERT 0 1

> UPDATE rw SET r = 0.1 WHERE f = 100.1 AND n = f RETURNING n IN (1::float4, n, 2) AS a, r = 0.1 AS b, r = 0.1::float4 AS c, nullif(n, f) AS d, CASE n WHEN f THEN 1 END AS e
 a | b | c |  d   | e
---+---+---+------+---
 t | f | t | NULL | 1
(1 row)
UPDATE 1

> INSERT INTO rw VALUES (1, 0, 0, 0, 0) ON CONFLICT (id) DO UPDATE SET f = 5 WHERE rw.n = rw.f RETURNING f
 f
---
 5
(1 row)
INSERT 0 1

> PREPARE rw4 (float4) AS UPDATE rw SET r = $1 RETURNING n IN (n, $1) AS a
PREPARE

> EXECUTE rw4(1)
 a
---
 t
(1 row)
UPDATE 1

# A subquery of its own in a list is a constant, one that names a column of the query is none.

> SELECT n IN (100.10, (SELECT 1::float4)) AS a, n IN (100.10, (SELECT rw.r)) AS b, n IN (100.10, 1::float4) AS c, n IN (100.10) AS d FROM rw
 a | b | c | d
---+---+---+---
 f | t | f | t
(1 row)

> SELECT count(*) FROM rw WHERE n IN (100.10, (SELECT min(s.r) FROM rw s))
 count
-------
     0
(1 row)
