# NULL among the values of IN, ANY, ALL and of rows: true, false and unknown wherever an expression stands.

> CREATE TABLE o (id int PRIMARY KEY, x int)
CREATE TABLE

> INSERT INTO o VALUES (1, 1), (2, 2), (3, 3), (4, NULL)
INSERT 0 4

> CREATE TABLE u (k int PRIMARY KEY, n int, o_id int)
CREATE TABLE

> INSERT INTO u VALUES (1, 1, 1), (2, NULL, 1), (3, 3, 2)
INSERT 0 3

> CREATE TABLE e (k int PRIMARY KEY)
CREATE TABLE

> SELECT id, x IN (SELECT k FROM u), x NOT IN (SELECT k FROM u) FROM o ORDER BY id
 id | ?column? | ?column?
----+----------+----------
  1 | t        | f
  2 | t        | f
  3 | t        | f
  4 | NULL     | NULL
(4 rows)

> SELECT id, x IN (SELECT n FROM u), x NOT IN (SELECT n FROM u) FROM o ORDER BY id
 id | ?column? | ?column?
----+----------+----------
  1 | t        | f
  2 | NULL     | NULL
  3 | t        | f
  4 | NULL     | NULL
(4 rows)

> SELECT id, x IN (SELECT k FROM e), x NOT IN (SELECT k FROM e) FROM o ORDER BY id
 id | ?column? | ?column?
----+----------+----------
  1 | f        | t
  2 | f        | t
  3 | f        | t
  4 | f        | t
(4 rows)

> SELECT NULL IN (SELECT k FROM u), NULL::int NOT IN (SELECT k FROM e), 7 IN (SELECT n FROM u)
 ?column? | ?column? | ?column?
----------+----------+----------
 NULL     | t        | NULL
(1 row)

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u) ORDER BY id
 id
----
(0 rows)

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u WHERE n IS NOT NULL) ORDER BY id
 id
----
  2
(1 row)

> SELECT id FROM o WHERE x NOT IN (SELECT k FROM e) ORDER BY id
 id
----
  1
  2
  3
  4
(4 rows)

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u) OR x = 2 ORDER BY id
 id
----
  2
(1 row)

> SELECT id FROM o WHERE (x IN (SELECT n FROM u)) IS NULL ORDER BY id
 id
----
  2
  4
(2 rows)

> SELECT id FROM o WHERE (x NOT IN (SELECT n FROM u)) IS NOT TRUE ORDER BY id
 id
----
  1
  2
  3
  4
(4 rows)

> SELECT id FROM o WHERE NOT (x IN (SELECT n FROM u) AND x > 0) ORDER BY id
 id
----
(0 rows)

# Correlated.

> SELECT id FROM o WHERE 3 NOT IN (SELECT n FROM u WHERE u.o_id = o.id) ORDER BY id
 id
----
  3
  4
(2 rows)

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u WHERE u.o_id = o.id) ORDER BY id
 id
----
  2
  3
  4
(3 rows)

> SELECT id, 3 IN (SELECT n FROM u WHERE u.o_id = o.id) AS found FROM o ORDER BY id
 id | found
----+-------
  1 | NULL
  2 | t
  3 | f
  4 | f
(4 rows)

> SELECT id, x IN (SELECT k FROM u WHERE u.k > o.id) AS found FROM o ORDER BY id
 id | found
----+-------
  1 | f
  2 | f
  3 | f
  4 | f
(4 rows)

> SELECT id FROM o WHERE 0 IN (SELECT count(*) FROM u WHERE u.o_id = o.id) ORDER BY id
 id
----
  3
  4
(2 rows)

> SELECT id, EXISTS (SELECT 1 FROM u WHERE u.o_id = o.id) AS has FROM o WHERE EXISTS (SELECT 1 FROM u WHERE u.k < o.id) OR id = 1 ORDER BY id
 id | has
----+-----
  1 | t
  2 | t
  3 | f
  4 | f
(4 rows)

> SELECT id FROM o WHERE EXISTS (SELECT count(*) FROM u WHERE u.o_id = o.id) ORDER BY id
 id
----
  1
  2
  3
  4
(4 rows)

# In other places.

> SELECT id, CASE WHEN x IN (SELECT n FROM u) THEN 'in' WHEN x NOT IN (SELECT n FROM u) THEN 'out' ELSE 'unknown' END AS c FROM o ORDER BY id
 id |    c
----+---------
  1 | in
  2 | unknown
  3 | in
  4 | unknown
(4 rows)

> SELECT x IN (SELECT n FROM u) AS found, count(*) FROM o GROUP BY 1 ORDER BY 1
 found | count
-------+-------
 t     |     2
 NULL  |     2
(2 rows)

> SELECT count(*) FILTER (WHERE x IN (SELECT k FROM u)) AS c, bool_or(x NOT IN (SELECT n FROM u)) AS b FROM o
 c | b
---+---
 3 | f
(1 row)

> SELECT x, count(*) FROM o GROUP BY x HAVING x NOT IN (SELECT k FROM u WHERE k > 1) ORDER BY x
 x | count
---+-------
 1 |     1
(1 row)

> SELECT o.id, u.k FROM o JOIN u ON u.o_id = o.id AND u.n NOT IN (SELECT k FROM e) ORDER BY 1, 2
 id | k
----+---
  1 | 1
  1 | 2
  2 | 3
(3 rows)

> SELECT o.id, u.k FROM o LEFT JOIN u ON u.o_id = o.id AND u.k IN (SELECT n FROM u) ORDER BY 1, 2
 id |  k
----+------
  1 |    1
  2 |    3
  3 | NULL
  4 | NULL
(4 rows)

> SELECT id FROM o ORDER BY x IN (SELECT n FROM u), id
 id
----
  1
  3
  2
  4
(4 rows)

> SELECT id FROM o WHERE id IN (SELECT o_id FROM u WHERE k NOT IN (SELECT n FROM u WHERE n IS NOT NULL)) ORDER BY id
 id
----
  1
(1 row)

> WITH found AS (SELECT id, x NOT IN (SELECT n FROM u) AS absent FROM o) SELECT id FROM found WHERE absent IS NULL ORDER BY id
 id
----
  2
  4
(2 rows)

# ANY and ALL of subqueries.

> SELECT id, x = ANY (SELECT n FROM u), x <> ALL (SELECT n FROM u), x > ANY (SELECT n FROM u), x >= ALL (SELECT k FROM u), x < ALL (SELECT k FROM e) FROM o ORDER BY id
 id | ?column? | ?column? | ?column? | ?column? | ?column?
----+----------+----------+----------+----------+----------
  1 | t        | f        | NULL     | f        | t
  2 | NULL     | NULL     | t        | f        | t
  3 | t        | f        | t        | t        | t
  4 | NULL     | NULL     | NULL     | NULL     | t
(4 rows)

> SELECT id FROM o WHERE x > ALL (SELECT n FROM u) ORDER BY id
 id
----
(0 rows)

> SELECT id FROM o WHERE x < ANY (SELECT n FROM u WHERE u.o_id >= o.id) ORDER BY id
 id
----
  1
  2
(2 rows)

# ANY and ALL of arrays.

> SELECT 4 = ANY ('{1,NULL}'::int[]), 4 <> ALL ('{1,NULL}'::int[]), 1 = ANY ('{1,NULL}'::int[]), 1 <> ALL ('{1,NULL}'::int[])
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 NULL     | NULL     | t        | f
(1 row)

> SELECT NULL = ANY ('{}'::int[]), NULL::int <> ALL ('{}'::int[]), 1 = ANY (NULL::int[]), NULL = ANY ('{1}'::int[])
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 f        | t        | NULL     | NULL
(1 row)

> SELECT 2 < ANY ('{1,3}'::int[]), 2 < ALL ('{1,3}'::int[]), 2 >= ALL ('{1,NULL}'::int[]), 2 > ANY ('{NULL,1}'::int[])
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 t        | f        | NULL     | t
(1 row)

> SELECT id FROM o WHERE x <> ALL ('{1,NULL}') ORDER BY id
 id
----
(0 rows)

> SELECT id FROM o WHERE x <> ALL ('{1,2}') ORDER BY id
 id
----
  3
(1 row)

> SELECT id FROM o WHERE x = ANY ('{}') OR x <> ALL ('{}') ORDER BY id
 id
----
  1
  2
  3
  4
(4 rows)

> SELECT id FROM o WHERE NOT x = ANY ('{3,NULL}') ORDER BY id
 id
----
(0 rows)

> SELECT id FROM o WHERE x = ANY (ARRAY[id, 7]) ORDER BY id
 id
----
  1
  2
  3
(3 rows)

> SELECT id, x IN (1, NULL), x NOT IN (1, NULL) FROM o ORDER BY id
 id | ?column? | ?column?
----+----------+----------
  1 | t        | f
  2 | NULL     | NULL
  3 | NULL     | NULL
  4 | NULL     | NULL
(4 rows)

# Rows.

> SELECT ROW(1,2) < ROW(1,NULL), ROW(1,2) < ROW(2,NULL), (1,2) <= (1,2), (1,NULL) = (2,NULL), (1,NULL) <> (2,NULL), (1,NULL) = (1,NULL)
 ?column? | ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------+----------
 NULL     | t        | t        | f        | t        | NULL
(1 row)

> SELECT id FROM o WHERE (id, x) > (2, 2) ORDER BY id
 id
----
  3
  4
(2 rows)

> SELECT id FROM o WHERE (id, x) IN ((1, 1), (4, NULL), (3, 4)) ORDER BY id
 id
----
  1
(1 row)

> SELECT id, (id, x) NOT IN ((1, 1), (4, NULL), (3, 4)) AS absent FROM o ORDER BY id
 id | absent
----+--------
  1 | f
  2 | t
  3 | t
  4 | NULL
(4 rows)

> SELECT id, (id, x) IN (SELECT k, n FROM u) AS found FROM o ORDER BY id
 id | found
----+-------
  1 | t
  2 | NULL
  3 | t
  4 | f
(4 rows)

> SELECT id FROM o WHERE (id, x) NOT IN (SELECT k, n FROM u) ORDER BY id
 id
----
  4
(1 row)

> SELECT (1, NULL) IS NULL AS a, (NULL, NULL) IS NULL AS b, (1, NULL) IS NOT NULL AS c, (1, NULL) IS DISTINCT FROM (1, NULL) AS d
 a | b | c | d
---+---+---+---
 f | t | f | f
(1 row)

# What writes.

> UPDATE o SET x = x WHERE id < 3 RETURNING id, x IN (SELECT n FROM u) AS found, x NOT IN (SELECT n FROM u) AS absent
 id | found | absent
----+-------+--------
  1 | t     | f
  2 | NULL  | NULL
(2 rows)
UPDATE 2

> UPDATE o SET x = CASE WHEN x NOT IN (SELECT n FROM u) THEN 10 ELSE 20 END WHERE x NOT IN (SELECT n FROM u) OR x = 2 RETURNING id, x
 id | x
----+----
  2 | 20
(1 row)
UPDATE 1

> DELETE FROM o WHERE NULL NOT IN (SELECT k FROM u)
DELETE 0

> DELETE FROM o WHERE x NOT IN (SELECT n FROM u)
DELETE 0

> DELETE FROM o WHERE x <> ALL ('{1,NULL}') RETURNING id
 id
----
(0 rows)
DELETE 0

> DELETE FROM o WHERE NULL NOT IN (SELECT k FROM e) AND id = 4 RETURNING id, x IS NULL AS was_null
 id | was_null
----+----------
  4 | t
(1 row)
DELETE 1

> SELECT * FROM o ORDER BY id
 id | x
----+----
  1 |  1
  2 | 20
  3 |  3
(3 rows)

> CREATE TABLE doc (id int PRIMARY KEY, j jsonb)
CREATE TABLE

> INSERT INTO doc VALUES (1, '{"p": 1}'), (2, '1.0'), (3, NULL)
INSERT 0 3

> SELECT id, j IN (SELECT '1'::jsonb), j NOT IN (SELECT j FROM doc d WHERE d.id < doc.id), '{}'::jsonb > ALL (SELECT d.j FROM doc d WHERE d.id <= doc.id) FROM doc ORDER BY id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | f        | t        | f
  2 | t        | t        | f
  3 | NULL     | NULL     | f
(3 rows)

> SELECT DISTINCT CASE WHEN id = 1 THEN j ELSE '1'::jsonb END, j FROM doc ORDER BY 1, 2
   case   |    j
----------+----------
 1        | 1.0
 1        | NULL
 {"p": 1} | {"p": 1}
(3 rows)

# NULLs and literals take the type of what stands beside them in the list.

> SELECT 1 WHERE NULL IN (NULL, 1)
 ?column?
----------
(0 rows)

> SELECT NULL NOT IN (NULL, 1.0), NULL BETWEEN NULL AND CAST(90 AS real), '1' IN ('2', 1), '1' BETWEEN '0' AND 2
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 NULL     | NULL     | t        | t
(1 row)
