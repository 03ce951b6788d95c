# An expression that can fail meets only the rows that its guards let pass.

> CREATE TABLE g (id int PRIMARY KEY, a text, n int)
CREATE TABLE

> INSERT INTO g VALUES (1, '7', 0), (2, 'seven', 1), (3, '3', 2), (4, NULL, NULL), (5, '12', 4), (6, '', 5), (7, '9', 6)
INSERT 0 7

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 5 ELSE false END ORDER BY id
 id
----
  1
  5
  7
(3 rows)

> SELECT id FROM g WHERE CASE WHEN a !~ '^[0-9]+$' THEN true WHEN a::int > 5 THEN false ELSE true END ORDER BY id
 id
----
  2
  3
  4
  6
(4 rows)

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 5 END ORDER BY id
 id
----
  1
  5
  7
(3 rows)

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int > 5 ORDER BY id
 id
----
  1
  5
  7
(3 rows)

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int BETWEEN 5 AND 10 ORDER BY id
 id
----
  1
  7
(2 rows)

> SELECT id FROM g WHERE a !~ '^[0-9]+$' OR a::int > 5 ORDER BY id
 id
----
  1
  2
  5
  6
  7
(5 rows)

> SELECT id FROM g WHERE NOT (a ~ '^[0-9]+$' AND a::int > 5) ORDER BY id
 id
----
  2
  3
  6
(3 rows)

> SELECT id FROM g WHERE n <> 0 AND 12 / n > 3 ORDER BY id
 id
----
  2
  3
(2 rows)

> SELECT id FROM g WHERE n <> 0 AND 12 / n > 3 AND 12 / n < 12 ORDER BY id
 id
----
  3
(1 row)

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND n <> 0 AND a::int / n >= 1 ORDER BY id
 id
----
  3
  5
  7
(3 rows)

> SELECT id, a ~ '^[0-9]+$' AND a::int > 5 AS big FROM g ORDER BY id
 id | big
----+------
  1 | t
  2 | f
  3 | f
  4 | NULL
  5 | t
  6 | f
  7 | t
(7 rows)

> SELECT id, n = 0 OR 12 / n > 3 AS big, coalesce(n = 0 OR NULL, 12 / n > 3) AS c FROM g ORDER BY id
 id | big  |  c
----+------+------
  1 | t    | t
  2 | t    | t
  3 | t    | t
  4 | NULL | NULL
  5 | f    | f
  6 | f    | f
  7 | f    | f
(7 rows)

> SELECT id, CASE WHEN a ~ '^[0-9]+$' THEN a::int END AS v, CASE WHEN n <> 0 THEN 12 / n ELSE -1 END AS q FROM g ORDER BY id
 id |  v   | q
----+------+----
  1 |    7 | -1
  2 | NULL | 12
  3 |    3 |  6
  4 | NULL | -1
  5 |   12 |  3
  6 | NULL |  2
  7 |    9 |  2
(7 rows)

> SELECT id, CASE WHEN n = 0 THEN false ELSE 12 / n > 3 END AS q FROM g ORDER BY id
 id |  q
----+------
  1 | f
  2 | t
  3 | t
  4 | NULL
  5 | f
  6 | f
  7 | f
(7 rows)

> SELECT id, CASE n WHEN 0 THEN false WHEN 1 THEN a = 'seven' ELSE 12 / n > 3 END AS q FROM g ORDER BY id
 id |  q
----+------
  1 | f
  2 | t
  3 | t
  4 | NULL
  5 | f
  6 | f
  7 | f
(7 rows)

> SELECT sum(a::int) FILTER (WHERE a ~ '^[0-9]+$'), count(12 / n) FILTER (WHERE n > 0), bool_and(a::int > 1) FILTER (WHERE a ~ '^[0-9]+$') FROM g
 sum | count | bool_and
-----+-------+----------
  31 |     5 | t
(1 row)

> SELECT sum(CASE WHEN a ~ '^[0-9]+$' THEN a::int ELSE 0 END) FROM g
 sum
-----
  31
(1 row)

> SELECT n % 2, sum(CASE WHEN a ~ '^[0-9]+$' AND a::int > 5 THEN a::int END) FROM g GROUP BY 1 ORDER BY 1
 ?column? | sum
----------+------
        0 |   28
        1 | NULL
     NULL | NULL
(3 rows)

> SELECT id FROM g ORDER BY CASE WHEN a ~ '^[0-9]+$' THEN a::int END, id
 id
----
  3
  1
  7
  5
  2
  4
  6
(7 rows)

> SELECT id FROM (SELECT * FROM g WHERE a ~ '^[0-9]+$') s WHERE a::int > 5 ORDER BY id
 id
----
  1
  5
  7
(3 rows)

> WITH s AS (SELECT id, a::int AS v FROM g WHERE a ~ '^[0-9]+$') SELECT id FROM s WHERE v > 5 AND v < 10 ORDER BY id
 id
----
  1
  7
(2 rows)

> SELECT x.id, y.id FROM g x JOIN g y ON y.n = x.id AND x.a ~ '^[0-9]+$' AND x.a::int > y.n ORDER BY 1, 2
 id | id
----+----
  1 |  2
  5 |  6
(2 rows)

> SELECT x.id, y.id FROM g x LEFT JOIN g y ON y.n = x.id AND CASE WHEN x.a ~ '^[0-9]+$' THEN x.a::int > y.n END ORDER BY 1, 2
 id |  id
----+------
  1 |    2
  2 | NULL
  3 | NULL
  4 | NULL
  5 |    6
  6 | NULL
  7 | NULL
(7 rows)

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int > (SELECT min(n) FROM g) ORDER BY id
 id
----
  1
  3
  5
  7
(4 rows)

> SELECT id FROM g WHERE a::int > 5 ORDER BY id
ERROR 22P02: invalid input syntax for type integer: "seven"

> SELECT id FROM g WHERE n = 0 AND 12 / n > 3
ERROR 22012: division by zero

> SELECT id, 12 / n AS q FROM g WHERE id < 3 ORDER BY id
ERROR 22012: division by zero

> SELECT id FROM g WHERE id = 2 AND n = 0 AND a::int > 5
 id
----
(0 rows)

> UPDATE g SET n = CASE WHEN a ~ '^[0-9]+$' THEN a::int ELSE n END WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 8 ELSE false END RETURNING id, n
 id | n
----+----
  5 | 12
  7 |  9
(2 rows)
UPDATE 2

> DELETE FROM g WHERE a ~ '^[0-9]+$' AND a::int > 10 RETURNING id
 id
----
  5
(1 row)
DELETE 1

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int IN (SELECT n FROM g WHERE n IS NOT NULL) ELSE id = 2 END ORDER BY id
 id
----
  2
  7
(2 rows)

> SELECT id FROM g WHERE a !~ '^[0-9]+$' OR a::int NOT IN (SELECT n FROM g WHERE n = 3) ORDER BY id
 id
----
  1
  2
  3
  4
  6
  7
(6 rows)

> SELECT id, CASE WHEN n > 0 THEN 12 / n = ANY (SELECT y.n FROM g y WHERE y.id > g.id) END AS found FROM g ORDER BY id
 id | found
----+-------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
  6 | f
  7 | f
(6 rows)

> SELECT a::int IN (SELECT n FROM g) FROM g
ERROR 22P02: invalid input syntax for type integer: "seven"

# Facts are untyped.

> CREATE TABLE m (id text PRIMARY KEY, metadata jsonb)
CREATE TABLE

> INSERT INTO m VALUES ('a', '{"p": 10}'), ('b', '{"p": "many"}'), ('c', '{}'), ('d', '{"p": 9.5, "q": "x"}'), ('e', '{"p": "12"}'), ('f', '{"p": true}')
INSERT 0 6

> SELECT id FROM m WHERE jsonb_typeof(metadata->'p') = 'number' AND (metadata->>'p')::numeric >= 9 ORDER BY id
 id
----
 a
 d
(2 rows)

> SELECT id FROM m WHERE (metadata->>'p')::numeric >= 9 AND jsonb_typeof(metadata->'p') = 'number' ORDER BY id
 id
----
 a
 d
(2 rows)

> SELECT id FROM m WHERE CASE jsonb_typeof(metadata->'p') WHEN 'number' THEN (metadata->>'p')::numeric >= 9 ELSE false END ORDER BY id
 id
----
 a
 d
(2 rows)

# differs: PostgreSQL evaluates the cast first, which costs less, and fails with 22P02.

> SELECT id FROM m WHERE jsonb_typeof(metadata->'p') = 'boolean' AND (metadata->>'p')::boolean ORDER BY id
 id
----
 f
(1 row)

> SELECT id, jsonb_typeof(metadata->'p') = 'number' AND (metadata->'p')::int > 9 AS big FROM m ORDER BY id
 id | big
----+------
 a  | t
 b  | f
 c  | NULL
 d  | t
 e  | f
 f  | f
(6 rows)

> SELECT avg((metadata->>'p')::numeric) FILTER (WHERE jsonb_typeof(metadata->'p') = 'number') > 9.7 AS a FROM m
 a
---
 t
(1 row)

> SELECT id FROM m WHERE metadata->>'p' ~ '^[0-9.]+$' AND (metadata->>'p')::numeric >= 9 ORDER BY (metadata->>'p')::numeric, id
 id
----
 d
 a
 e
(3 rows)

> SELECT id FROM m WHERE (metadata->>'p')::numeric >= 9 ORDER BY id
ERROR 22P02: invalid input syntax for type numeric: "many"

# FILTER guards in windows as well.

> SELECT sum(1 / x) FILTER (WHERE x <> 0) OVER () FROM (VALUES (0), (1), (2)) t(x)
 sum
-----
   1
   1
   1
(3 rows)

> SELECT id, sum(12 / n) FILTER (WHERE n <> 0) OVER (ORDER BY id), count(a::int) FILTER (WHERE a ~ '^[0-9]+$') OVER (PARTITION BY n > 3 ORDER BY id) FROM g ORDER BY id
 id | sum  | count
----+------+-------
  1 | NULL |     1
  2 |   12 |     1
  3 |   18 |     2
  4 |   18 |     0
  6 |   20 |     0
  7 |   21 |     1
(6 rows)

> SELECT id, sum(12 / n) OVER (ORDER BY id) FROM g ORDER BY id
ERROR 22012: division by zero

> CREATE TABLE side (id int PRIMARY KEY, n numeric, j jsonb)
CREATE TABLE

> INSERT INTO side VALUES (1, 2, '{"p": true}'), (2, 3, '{"p": 3}')
INSERT 0 2

> SELECT a.id, b.id FROM side a, side b WHERE CASE WHEN jsonb_typeof(a.j -> 'p') = 'number' THEN (a.j ->> 'p')::numeric ELSE b.n END = 3 ORDER BY 1, 2
 id | id
----+----
  1 |  2
  2 |  1
  2 |  2
(3 rows)

> SELECT id FROM side WHERE 3 <> ALL (SELECT CASE WHEN jsonb_typeof(side.j -> 'p') = 'number' THEN (side.j ->> 'p')::numeric ELSE b.n END FROM side b WHERE b.id = 1) ORDER BY id
 id
----
  1
(1 row)

# Subqueries in branches run for the rows that reach them.

> CREATE TABLE gk (id int PRIMARY KEY, k int)
CREATE TABLE

> INSERT INTO gk VALUES (1, 1), (2, 2), (3, NULL), (4, 4)
INSERT 0 4

> SELECT id, CASE WHEN k = 1 THEN 0 ELSE (SELECT 4 / (gk.k - 1)) END AS q FROM gk ORDER BY id
 id |  q
----+------
  1 |    0
  2 |    4
  3 | NULL
  4 |    1
(4 rows)

> SELECT id, CASE WHEN k <> 1 THEN (SELECT sum(g.n / (gk.k - 1)) FROM g) END AS q FROM gk ORDER BY id
 id |  q
----+------
  1 | NULL
  2 |   17
  3 | NULL
  4 |    4
(4 rows)

> SELECT id, CASE WHEN k = 2 THEN 2 / (k - 2) ELSE 0 END FROM gk WHERE k <> 2 ORDER BY id
 id | case
----+------
  1 |    0
  4 |    0
(2 rows)

> SELECT id, COALESCE(k, 0) AS q, COALESCE(k, (SELECT g.id FROM g)) AS r FROM gk WHERE k IS NOT NULL ORDER BY id
 id | q | r
----+---+---
  1 | 1 | 1
  2 | 2 | 2
  4 | 4 | 4
(3 rows)

> SELECT id, COALESCE(k, (SELECT g.id FROM g)) FROM gk
ERROR 21000: more than one row returned by a subquery used as an expression

> SELECT CASE WHEN id > 100 THEN (SELECT g.id FROM g) ELSE 7 END AS q FROM gk ORDER BY id
 q
---
 7
 7
 7
 7
(4 rows)

> SELECT CASE WHEN id > 3 THEN (SELECT g.id FROM g) ELSE 7 END FROM gk
ERROR 21000: more than one row returned by a subquery used as an expression

> SELECT id FROM gk WHERE k = 1 OR (SELECT max(4 / (gk.k - 1)) FROM g) > 1 ORDER BY id
ERROR 42803: aggregate functions are not allowed in WHERE
LINE 1: SELECT id FROM gk WHERE k = 1 OR (SELECT max(4 / (gk.k - 1)) FROM g) > 1 ORDER BY id
                                                 ^

> SELECT id FROM gk WHERE (SELECT max(4 / (gk.k - 1)) FROM g) > 1 ORDER BY id
ERROR 42803: aggregate functions are not allowed in WHERE
LINE 1: SELECT id FROM gk WHERE (SELECT max(4 / (gk.k - 1)) FROM g) > 1 ORDER BY id
                                        ^

> SELECT id, CASE k WHEN 1 THEN false ELSE EXISTS (SELECT 1 FROM g WHERE g.n / (gk.k - 1) > 3) END AS q FROM gk ORDER BY id
 id | q
----+---
  1 | f
  2 | t
  3 | f
  4 | f
(4 rows)

> SELECT id, CASE WHEN k > 1 THEN 4 IN (SELECT g.n / (gk.k - 1) FROM g) END AS q FROM gk ORDER BY id
 id |  q
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
(4 rows)

> SELECT id, CASE WHEN (SELECT count(*) FROM g WHERE g.id = gk.k) = 1 AND k > 1 THEN (SELECT 4 / (gk.k - 1)) END AS q FROM gk ORDER BY id
 id |  q
----+------
  1 | NULL
  2 |    4
  3 | NULL
  4 |    1
(4 rows)

> SELECT count(CASE WHEN k > 1 THEN (SELECT 4 / (gk.k - 1)) END) FROM gk
 count
-------
     2
(1 row)

> UPDATE gk SET k = k WHERE id < 3 RETURNING id, CASE WHEN k > 1 THEN (SELECT g.id FROM g WHERE g.id = 4 / (gk.k - 1)) END AS q
 id |  q
----+------
  1 | NULL
  2 |    4
(2 rows)
UPDATE 2
