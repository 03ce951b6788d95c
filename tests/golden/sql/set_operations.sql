# EXCEPT ALL and INTERSECT ALL count rows: m and n copies leave max(m - n, 0) and min(m, n).

> CREATE TABLE a (id int PRIMARY KEY, x int, f float8, j jsonb)
CREATE TABLE

> INSERT INTO a VALUES (1, 1, 0, '1'), (2, 1, '-0', '1.0'), (3, 1, 0, '1'), (4, NULL, 'NaN', NULL), (5, NULL, NULL, '{}'), (6, 2, 2, '[1]')
INSERT 0 6

> CREATE TABLE b (id int PRIMARY KEY, x int, f float8, j jsonb)
CREATE TABLE

> INSERT INTO b VALUES (1, 1, '-0', '1.00'), (2, NULL, NULL, NULL), (3, 3, 'NaN', '[1.0]'), (4, 1, 5, '5')
INSERT 0 4

> SELECT x FROM a EXCEPT ALL SELECT x FROM b ORDER BY x
  x
------
    1
    2
 NULL
(3 rows)

> SELECT x FROM a INTERSECT ALL SELECT x FROM b ORDER BY x
  x
------
    1
    1
 NULL
(3 rows)

> SELECT x FROM b EXCEPT ALL SELECT x FROM a ORDER BY x
 x
---
 3
(1 row)

> SELECT f = 0, f, count(*) FROM (SELECT abs(f) AS f FROM a EXCEPT ALL SELECT f FROM b) s GROUP BY f ORDER BY f
 ?column? | f | count
----------+---+-------
 t        | 0 |     2
 f        | 2 |     1
(2 rows)

> SELECT count(*) FROM (SELECT f FROM a INTERSECT ALL SELECT f FROM b) s
 count
-------
     3
(1 row)

> SELECT count(*), count(j) FROM (SELECT j FROM a EXCEPT ALL SELECT j FROM b) s
 count | count
-------+-------
     3 |     3
(1 row)

> SELECT count(*), count(j) FROM (SELECT j FROM a INTERSECT ALL SELECT j FROM b) s
 count | count
-------+-------
     3 |     2
(1 row)

> SELECT x, x IS NULL FROM a EXCEPT ALL SELECT x, x IS NULL FROM b ORDER BY 1
  x   | ?column?
------+----------
    1 | f
    2 | f
 NULL | t
(3 rows)

> (SELECT 1 UNION ALL SELECT 1 UNION ALL SELECT 1) EXCEPT ALL SELECT 1
 ?column?
----------
        1
        1
(2 rows)

> SELECT x FROM a EXCEPT ALL (SELECT x FROM b EXCEPT ALL SELECT 1) ORDER BY x
  x
------
    1
    1
    2
 NULL
(4 rows)

> SELECT x FROM a INTERSECT ALL SELECT x FROM a EXCEPT ALL SELECT x FROM b ORDER BY x
  x
------
    1
    2
 NULL
(3 rows)

> SELECT DISTINCT x FROM a EXCEPT ALL SELECT x FROM b ORDER BY x
 x
---
 2
(1 row)

> SELECT x FROM a EXCEPT SELECT x FROM b ORDER BY x
 x
---
 2
(1 row)

> SELECT count(*) FROM (SELECT interval '1 mon' UNION ALL SELECT interval '30 days' EXCEPT ALL SELECT interval '720 hours') s
 count
-------
     1
(1 row)

> SELECT id, (SELECT count(*) FROM (SELECT x FROM a EXCEPT ALL SELECT b.x) s) FROM b ORDER BY id
 id | count
----+-------
  1 |     5
  2 |     5
  3 |     6
  4 |     5
(4 rows)

> SELECT id FROM b WHERE EXISTS (SELECT x FROM a WHERE a.x = b.x EXCEPT ALL SELECT x FROM b c WHERE c.x = b.x) ORDER BY id
 id
----
  1
  4
(2 rows)

> SELECT id FROM b WHERE x IN (SELECT x FROM a INTERSECT ALL SELECT x FROM b WHERE id > 1) ORDER BY id
 id
----
  1
  4
(2 rows)

> WITH w AS (SELECT x FROM a EXCEPT ALL SELECT x FROM b) SELECT count(*) FROM w JOIN w v ON w.x = v.x
 count
-------
     2
(1 row)

> INSERT INTO b SELECT 10, x FROM a WHERE x = 1 EXCEPT ALL SELECT 10, x FROM b WHERE x = 1 RETURNING id, x
 id | x
----+---
 10 | 1
(1 row)
INSERT 0 1

> DELETE FROM b WHERE id NOT IN (SELECT id FROM b EXCEPT ALL SELECT 10) RETURNING id
 id
----
 10
(1 row)
DELETE 1

# Columns that the sides give other types.

> SELECT 1 AS n EXCEPT ALL SELECT 1.5
 n
---
 1
(1 row)

> SELECT 2 AS n EXCEPT SELECT 2.0::float8
 n
---
(0 rows)

> SELECT date '2024-02-29' AS d EXCEPT SELECT timestamp '2024-02-28 12:00'
          d
---------------------
 2024-02-29 00:00:00
(1 row)
