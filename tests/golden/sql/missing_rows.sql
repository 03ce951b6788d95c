# NULL where a value that cannot be NULL is missing: a scalar subquery without rows, and the side of an outer join without a match.

> CREATE TABLE l (id int PRIMARY KEY, k int NOT NULL, o bool, f float8, x text)
CREATE TABLE

> CREATE TABLE r (id int PRIMARY KEY, k int NOT NULL, o bool, f float8, x text)
CREATE TABLE

> INSERT INTO l VALUES (1, 1, true, 1, 'a'), (2, 2, NULL, -2.25, 'b')
INSERT 0 2

> INSERT INTO r VALUES (2, 2, false, -2.25, 'b'), (3, 3, false, 1, 'c'), (4, 4, true, NULL, NULL)
INSERT 0 3

> SELECT (SELECT 5 WHERE false) IS NULL, (SELECT 5 WHERE true) IS NULL, coalesce((SELECT 5 WHERE false), 7), (SELECT 5 WHERE false) IS NOT DISTINCT FROM NULL
 ?column? | ?column? | coalesce | ?column?
----------+----------+----------+----------
 t        | f        |        7 | t
(1 row)

> SELECT (SELECT count(*) FROM l HAVING false) IS NULL, coalesce((SELECT count(*) FROM l HAVING count(*) > 5), -1), (SELECT count(*) FROM l WHERE false) IS NULL
 ?column? | coalesce | ?column?
----------+----------+----------
 t        |       -1 | f
(1 row)

> SELECT a IS NULL, coalesce(a, 3) FROM (SELECT (SELECT k FROM l WHERE id = 9) AS a) s
 ?column? | coalesce
----------+----------
 t        |        3
(1 row)

> SELECT id, (SELECT k FROM l WHERE l.id = r.id) IS NULL, coalesce((SELECT 5 WHERE r.id = 3), 0), (SELECT k FROM l WHERE id = 9) IS NULL FROM r ORDER BY id
 id | ?column? | coalesce | ?column?
----+----------+----------+----------
  2 | f        |        0 | t
  3 | t        |        5 | t
  4 | t        |        0 | t
(3 rows)

> SELECT id FROM r WHERE (SELECT k FROM l WHERE id = 9) IS NULL AND (SELECT 1 LIMIT 0) IS NULL ORDER BY id
 id
----
  2
  3
  4
(3 rows)

> SELECT id, (SELECT count(*) FROM l WHERE l.k + r.id < (SELECT 5)) FROM r ORDER BY id
 id | count
----+-------
  2 |     2
  3 |     1
  4 |     0
(3 rows)

> SELECT (SELECT k FROM l)
ERROR 21000: more than one row returned by a subquery used as an expression

> INSERT INTO r VALUES (5, 5) RETURNING (SELECT 5 WHERE false) IS NULL, coalesce((SELECT k FROM l WHERE l.id = r.id), -1)
 ?column? | coalesce
----------+----------
 t        |       -1
(1 row)
INSERT 0 1

> UPDATE r SET k = coalesce((SELECT 5 WHERE false), k) WHERE id = 5 RETURNING k
 k
---
 5
(1 row)
UPDATE 1

> DELETE FROM r WHERE id = 5 RETURNING k IN (SELECT k FROM l WHERE l.k = r.k)
 ?column?
----------
 f
(1 row)
DELETE 1

# A value among rows that a condition holds to the same value.

> SELECT 2 IN (SELECT k FROM l WHERE k = 2), 2 NOT IN (SELECT k FROM l WHERE k = 2), 2 = ANY (SELECT k FROM l WHERE k >= 2 AND k <= 2), 'b' IN (SELECT x FROM l WHERE x = 'b'), 1 + 1 IN (SELECT k FROM l WHERE k = 2)
 ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------
 t        | f        | t        | t        | t
(1 row)

> UPDATE r SET k = k WHERE id < 4 RETURNING k, k IN (SELECT k FROM l WHERE l.k = r.k), k NOT IN (SELECT k FROM l WHERE l.k = r.k), k = ANY (SELECT k FROM l WHERE l.k = r.k)
 k | ?column? | ?column? | ?column?
---+----------+----------+----------
 2 | t        | f        | t
 3 | f        | t        | f
(2 rows)
UPDATE 2

> SELECT l.id, r.id FROM l JOIN r ON 2 = r.id AND 2 >= l.id AND 2 <= l.k WHERE r.id = 2 AND l.id = 2
 id | id
----+----
  2 |  2
(1 row)

# Columns of one name on both sides of a join.

> SELECT l.id, r.id FROM l RIGHT JOIN r ON l.x = r.x WHERE NOT CASE WHEN r.o THEN NULL::bool ELSE l.o END ORDER BY r.id
 id | id
----+----
(0 rows)

> SELECT l.id, r.id FROM l RIGHT JOIN r ON l.x = r.x WHERE CASE WHEN r.o THEN l.o WHEN NULL::bool THEN true ELSE NULL::bool END
 id | id
----+----
(0 rows)

> SELECT l.id, r.id FROM l RIGHT JOIN r ON l.k = r.id + 9 WHERE r.f BETWEEN CASE 'NaN'::float8 WHEN 'NaN'::float8 THEN l.f END AND ('-0'::float8 - r.f)
 id | id
----+----
(0 rows)

> SELECT l.id, r.id FROM l LEFT JOIN r ON l.x = r.x AND r.k > 9 WHERE CASE WHEN l.o THEN r.o ELSE NULL END IS NULL ORDER BY l.id
 id |  id
----+------
  1 | NULL
  2 | NULL
(2 rows)

> SELECT l.id, r.id FROM l LEFT JOIN r ON l.x = r.x WHERE NOT coalesce(r.o, l.o) ORDER BY l.id
 id | id
----+----
  2 |  2
(1 row)

> SELECT l.id, r.id FROM l FULL JOIN r ON l.x = r.x WHERE nullif(r.o, true) IS NOT DISTINCT FROM l.o OR l.o IS DISTINCT FROM true AND r.o IS NULL ORDER BY l.id, r.id
  id  | id
------+----
 NULL |  4
(1 row)
