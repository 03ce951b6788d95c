# One NaN, greatest of all, and one zero: sorts, groups, joins, comparisons, distances.

> CREATE TABLE f (id int PRIMARY KEY, x float8, y float4)
CREATE TABLE

> INSERT INTO f VALUES (1, 'NaN', 'NaN'), (2, '-0', '-0'), (3, '0', '0'), (4, 'Infinity', 'Infinity'), (5, -1, -1), (6, NULL, NULL), (7, 'Infinity'::float8 - 'Infinity'::float8, 'NaN')
INSERT 0 7

> UPDATE f SET x = 'Infinity'::float8 - x WHERE id = 7 AND x = 'NaN'
UPDATE 1

> SELECT id, x, y FROM f ORDER BY x, id
 id |    x     |    y
----+----------+----------
  5 |       -1 |       -1
  2 |       -0 |       -0
  3 |        0 |        0
  4 | Infinity | Infinity
  1 |      NaN |      NaN
  7 |      NaN |      NaN
  6 |     NULL |     NULL
(7 rows)

> SELECT id FROM f ORDER BY 'Infinity'::float8 - x, id
 id
----
  2
  3
  5
  1
  4
  7
  6
(7 rows)

> SELECT id FROM f ORDER BY y DESC, id
 id
----
  6
  1
  7
  4
  2
  3
  5
(7 rows)

> SELECT id FROM f ORDER BY x + 0 DESC NULLS LAST, id LIMIT 3
 id
----
  1
  7
  4
(3 rows)

> SELECT count(*) FROM (SELECT DISTINCT 'Infinity'::float8 - x FROM f WHERE x = 'NaN' OR x = 'Infinity') d
 count
-------
     1
(1 row)

> SELECT x * 1, count(*) FROM f WHERE x <> 0 GROUP BY x * 1 ORDER BY 1
 ?column? | count
----------+-------
       -1 |     1
 Infinity |     1
      NaN |     2
(3 rows)

> SELECT x, count(*), min(id) FROM f WHERE id <> 2 GROUP BY x ORDER BY x
    x     | count | min
----------+-------+-----
       -1 |     1 |   5
        0 |     1 |   3
 Infinity |     1 |   4
      NaN |     2 |   1
     NULL |     1 |   6
(5 rows)

> SELECT x + 0, count(*) FROM f GROUP BY x + 0 ORDER BY 1
 ?column? | count
----------+-------
       -1 |     1
        0 |     2
 Infinity |     1
      NaN |     2
     NULL |     1
(5 rows)

> SELECT count(DISTINCT x), count(DISTINCT y), count(DISTINCT 'Infinity'::float8 - x) FROM f
 count | count | count
-------+-------+-------
     4 |     4 |     2
(1 row)

> SELECT a.id, b.id FROM f a JOIN f b ON a.x = b.x AND a.id < b.id ORDER BY 1, 2
 id | id
----+----
  1 |  7
  2 |  3
(2 rows)

> SELECT a.id, b.id FROM f a JOIN f b ON a.y = b.y * 1 AND a.id < b.id ORDER BY 1, 2
 id | id
----+----
  1 |  7
  2 |  3
(2 rows)

> SELECT max('Infinity'::float8 - x), min(x), max(y), min('Infinity'::float8 - x) FROM f WHERE x <> 0
 max | min | max |   min
-----+-----+-----+----------
 NaN |  -1 | NaN | Infinity
(1 row)

> SELECT greatest('Infinity'::float8 - x, 1), least('Infinity'::float8 - x, 1) FROM f WHERE id IN (1, 4) ORDER BY id
 greatest | least
----------+-------
      NaN |     1
      NaN |     1
(2 rows)

> SELECT id, rank() OVER (ORDER BY x), count(*) OVER (PARTITION BY x) FROM f ORDER BY id
 id | rank | count
----+------+-------
  1 |    5 |     2
  2 |    2 |     2
  3 |    2 |     2
  4 |    4 |     1
  5 |    1 |     1
  6 |    7 |     1
  7 |    5 |     2
(7 rows)

> SELECT id, dense_rank() OVER (ORDER BY y DESC) FROM f ORDER BY id
 id | dense_rank
----+------------
  1 |          2
  2 |          4
  3 |          4
  4 |          3
  5 |          5
  6 |          1
  7 |          2
(7 rows)

> SELECT id, CASE x WHEN 0 THEN 'zero' WHEN 'NaN' THEN 'nan' ELSE 'other' END AS c, nullif(x, 0), nullif(y, '-0') IS NULL AS n FROM f ORDER BY id
 id |   c   |  nullif  | n
----+-------+----------+---
  1 | nan   |      NaN | f
  2 | zero  |     NULL | t
  3 | zero  |     NULL | t
  4 | other | Infinity | f
  5 | other |       -1 | f
  6 | other |     NULL | t
  7 | nan   |      NaN | f
(7 rows)

> SELECT id FROM f WHERE x = 0 ORDER BY id
 id
----
  2
  3
(2 rows)

> SELECT id FROM f WHERE x * 1 = 0 ORDER BY id
 id
----
  2
  3
(2 rows)

> SELECT id FROM f WHERE x * 1 < 0 ORDER BY id
 id
----
  5
(1 row)

> SELECT id FROM f WHERE x > 'Infinity' ORDER BY id
 id
----
  1
  7
(2 rows)

> SELECT id FROM f WHERE x - x = 'NaN' ORDER BY id
 id
----
  1
  4
  7
(3 rows)

> SELECT id FROM f WHERE x - x > 5 ORDER BY id
 id
----
  1
  4
  7
(3 rows)

> SELECT id FROM f WHERE y IN (0, 'NaN') ORDER BY id
 id
----
  1
  2
  3
  7
(4 rows)

> SELECT id FROM f WHERE y * 1 NOT IN ('-0', 'NaN') ORDER BY id
 id
----
  4
  5
(2 rows)

> SELECT id FROM f WHERE x BETWEEN 0 AND 'NaN' ORDER BY id
 id
----
  1
  2
  3
  4
  7
(5 rows)

> SELECT id FROM f WHERE x IS NOT DISTINCT FROM '-0' ORDER BY id
 id
----
  2
  3
(2 rows)

> SELECT id FROM f WHERE x = ANY ('{0,NaN}') ORDER BY id
 id
----
  1
  2
  3
  7
(4 rows)

> SELECT id FROM f WHERE x IN (SELECT y FROM f WHERE id = 2 OR id = 1) ORDER BY id
 id
----
  1
  2
  3
  7
(4 rows)

> SELECT id, x NOT IN (SELECT 'Infinity'::float8 - x FROM f WHERE id = 4) AS absent FROM f ORDER BY id
 id | absent
----+--------
  1 | f
  2 | t
  3 | t
  4 | t
  5 | t
  6 | NULL
  7 | f
(7 rows)

> SELECT '-0'::float8 = '0'::float8, '-0'::float8 < '0'::float8, 'NaN'::float8 = 'NaN', 'NaN'::float8 > 'Infinity', '-0'::float4 = 0, '-0'::float8, -('0'::float8)
 ?column? | ?column? | ?column? | ?column? | ?column? | float8 | ?column?
----------+----------+----------+----------+----------+--------+----------
 t        | f        | t        | t        | t        |     -0 |       -0
(1 row)

> SELECT x FROM f WHERE x = 0 UNION SELECT y FROM f WHERE y = 0 AND id = 3
 x
----
 -0
(1 row)

> SELECT x FROM f WHERE id IN (1, 5) INTERSECT SELECT 'Infinity'::float8 - x FROM f WHERE id = 4
  x
-----
 NaN
(1 row)

> SELECT array[0::float8] = array['-0'::float8], array['NaN'::float8] > array['Infinity'::float8]
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> CREATE TABLE k (x float8 PRIMARY KEY)
CREATE TABLE

> INSERT INTO k VALUES ('-0'), ('NaN')
INSERT 0 2

> INSERT INTO k VALUES ('0')
ERROR 23505: duplicate key value violates unique constraint "k_pkey"
DETAIL: Key (x)=(0) already exists.

> INSERT INTO k VALUES ('Infinity'::float8 - 'Infinity'::float8)
ERROR 23505: duplicate key value violates unique constraint "k_pkey"
DETAIL: Key (x)=(NaN) already exists.

> INSERT INTO k VALUES ('0') ON CONFLICT (x) DO UPDATE SET x = 3 RETURNING x
 x
---
 3
(1 row)
INSERT 0 1

> DELETE FROM k WHERE x = 'NaN' RETURNING x
  x
-----
 NaN
(1 row)
DELETE 1

> CREATE TABLE v (id int PRIMARY KEY, e vector(2))
CREATE TABLE

> INSERT INTO v VALUES (1, '[0,0]'), (2, '[1,0]'), (3, '[0,1]'), (4, NULL)
INSERT 0 4

> SELECT id, e <=> '[1,0]' AS d FROM v ORDER BY e <=> '[1,0]', id LIMIT 4
 id |  d
----+------
  2 |    0
  3 |    1
  1 |  NaN
  4 | NULL
(4 rows)

> SELECT id FROM v ORDER BY e <=> '[1,0]', id
 id
----
  2
  3
  1
  4
(4 rows)

> SELECT id FROM v WHERE e <=> '[1,0]' < 0.5 ORDER BY id
 id
----
  2
(1 row)

> SELECT id FROM v WHERE e <=> '[1,0]' < 0.5 ORDER BY e <=> '[1,0]' LIMIT 3
 id
----
  2
(1 row)

> SELECT id FROM v WHERE e <=> '[1,0]' < 'NaN' ORDER BY e <=> '[1,0]' LIMIT 3
 id
----
  2
  3
(2 rows)

> SELECT id FROM v WHERE (e <=> '[1,0]') = 'NaN' ORDER BY id
 id
----
  1
(1 row)

> SELECT max(e <=> '[1,0]'), min(e <=> '[1,0]') FROM v
 max | min
-----+-----
 NaN |   0
(1 row)

> SELECT '[-0]'::vector = '[0]'::vector, '[-0]'::vector < '[0]'::vector
 ?column? | ?column?
----------+----------
 t        | f
(1 row)

# Groups of nothing but infinities, and windows.

> SELECT g, max(x), min(x), max(x::float4), min(x::float4) FROM (VALUES (1, '-Infinity'::float8), (1, '-Infinity'), (2, 'Infinity'), (3, 'NaN'), (3, 'Infinity'), (4, NULL), (5, 1)) t(g, x) GROUP BY g ORDER BY g
 g |    max    |    min    |    max    |    min
---+-----------+-----------+-----------+-----------
 1 | -Infinity | -Infinity | -Infinity | -Infinity
 2 |  Infinity |  Infinity |  Infinity |  Infinity
 3 |       NaN |  Infinity |       NaN |  Infinity
 4 |      NULL |      NULL |      NULL |      NULL
 5 |         1 |         1 |         1 |         1
(5 rows)

> SELECT g, max(x) OVER w, min(x) OVER w, max(x) OVER (PARTITION BY g) FROM (VALUES (1, '-Infinity'::float8), (2, 'Infinity'), (3, 'NaN'), (4, 'Infinity'), (5, NULL)) t(g, x) WINDOW w AS (ORDER BY g ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY g
 g |    max    |    min    |    max
---+-----------+-----------+-----------
 1 | -Infinity | -Infinity | -Infinity
 2 |  Infinity | -Infinity |  Infinity
 3 |       NaN |  Infinity |       NaN
 4 |       NaN |  Infinity |  Infinity
 5 |  Infinity |  Infinity |      NULL
(5 rows)

> SELECT max(DISTINCT x), min(x) FILTER (WHERE g = 2) FROM (VALUES (1, '-Infinity'::float8), (1, '-Infinity'), (2, 'Infinity')) t(g, x) GROUP BY g ORDER BY g
    max    |   min
-----------+----------
 -Infinity |     NULL
  Infinity | Infinity
(2 rows)

# Elements of arrays.

> SELECT array['0'::float8] = array['-0'::float8] AS a, array_position(array['-0'::float8], '0'::float8) AS b, array_position(array['NaN'::float8], 'Infinity'::float8 - 'Infinity'::float8) AS c, '0'::float8 = ANY (array['-0'::float8]) AS d, array['-0'::float8] @> array['0'::float8] AS e, array_remove(array['-0'::float8, 1], '0'::float8) AS f, array_replace(array['-0'::float8, 1], '0'::float8, 5) AS g
 a | b | c | d | e |  f  |   g
---+---+---+---+---+-----+-------
 t | 1 | 1 | t | t | {1} | {5,1}
(1 row)

> SELECT x = ANY (array['-0'::float8, 'NaN']) AS found FROM (VALUES ('0'::float8), ('NaN'), ('Infinity'::float8 - 'Infinity'::float8), (1)) t(x)
 found
-------
 t
 t
 t
 f
(4 rows)

> SELECT count(DISTINCT array[x]) FROM (VALUES ('0'::float8), ('-0'), ('NaN'), ('Infinity'::float8 - 'Infinity'::float8)) t(x)
 count
-------
     2
(1 row)

> WITH RECURSIVE r(x) AS (SELECT 'NaN'::float8 UNION SELECT 'Infinity'::float8 - 'Infinity'::float8 FROM r) SELECT * FROM r
  x
-----
 NaN
(1 row)

> WITH RECURSIVE r(x) AS (SELECT '0'::float8 UNION SELECT -x FROM r) SELECT count(*) FROM r
 count
-------
     1
(1 row)

# A list that is hidden behind an OR is compared by value as well.

> SELECT x FROM (VALUES (0.0::float8), (1.5), (2)) t(x) WHERE NULL::bool OR (x - 0) = ANY ('{2,-0}'::float8[]) ORDER BY x
 x
---
 0
 2
(2 rows)

> SELECT x FROM (VALUES (0.0::float8), (1.5), (2)) t(x) WHERE x > 3 OR (10 / (x + 1)) = ANY ('{10,-0,nan}'::float8[]) ORDER BY x
 x
---
 0
(1 row)

> SELECT coalesce(NULL::float8, '-0'::float8) <> ALL ('{NULL,"0","NaN"}'::float8[]) AS differs, '-0'::float8 = ANY ('{0,1}'::float8[]) AS equals
 differs | equals
---------+--------
 f       | t
(1 row)

# A join that compares one column with a float of each width.

> SELECT a.id, b.id FROM f a LEFT JOIN f b ON a.y = b.y AND b.y = a.x ORDER BY 1, 2
 id |  id
----+------
  1 |    1
  1 |    7
  2 |    2
  2 |    3
  3 |    2
  3 |    3
  4 |    4
  5 |    5
  6 | NULL
  7 |    1
  7 |    7
(11 rows)

> SELECT count(*) FROM f a JOIN f b ON a.x = b.y AND a.y = b.y
 count
-------
    10
(1 row)
