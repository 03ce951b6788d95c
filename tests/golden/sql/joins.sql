# Joins by names: USING and NATURAL, what they merge, and what `*` shows of them. PostgreSQL's answers.

> CREATE TABLE l (k int, a text)
CREATE TABLE

> CREATE TABLE r (k int, b text)
CREATE TABLE

> CREATE TABLE z (k bigint, c text)
CREATE TABLE

> CREATE TABLE w (k numeric, b text, d int)
CREATE TABLE

> INSERT INTO l VALUES (1,'l1'),(2,'l2'),(NULL,'ln')
INSERT 0 3

> INSERT INTO r VALUES (2,'r2'),(3,'r3'),(NULL,'rn')
INSERT 0 3

> INSERT INTO z VALUES (3,'z3'),(4,'z4')
INSERT 0 2

> INSERT INTO w VALUES (2,'r2',20),(4,'x',40)
INSERT 0 2

> SELECT * FROM l NATURAL JOIN r
 k | a  | b
---+----+----
 2 | l2 | r2
(1 row)

> SELECT * FROM l NATURAL FULL JOIN r ORDER BY k, a
  k   |  a   |  b
------+------+------
    1 | l1   | NULL
    2 | l2   | r2
    3 | NULL | r3
 NULL | ln   | NULL
 NULL | NULL | rn
(5 rows)

> SELECT k, count(*), max(l.k), max(r.k) FROM l FULL JOIN r USING (k) GROUP BY k ORDER BY k
  k   | count | max  | max
------+-------+------+------
    1 |     1 |    1 | NULL
    2 |     1 |    2 |    2
    3 |     1 | NULL |    3
 NULL |     2 | NULL | NULL
(4 rows)

> SELECT k FROM l FULL JOIN r USING (k) WHERE k = 3
 k
---
 3
(1 row)

> SELECT k FROM l FULL JOIN r USING (k) WHERE k IS NULL
  k
------
 NULL
 NULL
(2 rows)

> SELECT k, a, b, c FROM l FULL JOIN r USING (k) FULL JOIN z USING (k) ORDER BY k, a, b
  k   |  a   |  b   |  c
------+------+------+------
    1 | l1   | NULL | NULL
    2 | l2   | r2   | NULL
    3 | NULL | r3   | z3
    4 | NULL | NULL | z4
 NULL | ln   | NULL | NULL
 NULL | NULL | rn   | NULL
(6 rows)

> SELECT * FROM l RIGHT JOIN r USING (k) LEFT JOIN z USING (k) ORDER BY k
  k   |  a   | b  |  c
------+------+----+------
    2 | l2   | r2 | NULL
    3 | NULL | r3 | z3
 NULL | NULL | rn | NULL
(3 rows)

> SELECT * FROM l LEFT JOIN r USING (k) RIGHT JOIN z USING (k) ORDER BY k
 k |  a   |  b   | c
---+------+------+----
 3 | NULL | NULL | z3
 4 | NULL | NULL | z4
(2 rows)

> SELECT pg_typeof(k), k FROM l JOIN z USING (k)
 pg_typeof | k
-----------+---
(0 rows)

> SELECT pg_typeof(k), k, c FROM l RIGHT JOIN z USING (k) ORDER BY k
 pg_typeof | k | c
-----------+---+----
 bigint    | 3 | z3
 bigint    | 4 | z4
(2 rows)

> SELECT pg_typeof(k), k, a, c FROM l LEFT JOIN z USING (k) ORDER BY a
 pg_typeof |  k   | a  |  c
-----------+------+----+------
 bigint    |    1 | l1 | NULL
 bigint    |    2 | l2 | NULL
 bigint    | NULL | ln | NULL
(3 rows)

> SELECT * FROM r NATURAL JOIN w
 k | b  | d
---+----+----
 2 | r2 | 20
(1 row)

> SELECT * FROM r JOIN w USING (b, k)
 b  | k | d
----+---+----
 r2 | 2 | 20
(1 row)

> SELECT * FROM (l JOIN r USING (k)) AS j
 k | a  | b
---+----+----
 2 | l2 | r2
(1 row)

> SELECT j.k, j.b FROM (l FULL JOIN r USING (k)) AS j(k, x, b) ORDER BY 1, 2
  k   |  b
------+------
    1 | NULL
    2 | r2
    3 | r3
 NULL | rn
 NULL | NULL
(5 rows)

> SELECT l.k FROM (l JOIN r USING (k)) AS j
ERROR 42P01: missing FROM-clause entry for table "l"
LINE 1: SELECT l.k FROM (l JOIN r USING (k)) AS j
               ^

> SELECT * FROM l JOIN (r JOIN z USING (k)) USING (k)
 k | a | b | c
---+---+---+---
(0 rows)

> SELECT * FROM l LEFT JOIN (r LEFT JOIN z USING (k)) USING (k) ORDER BY a
  k   | a  |  b   |  c
------+----+------+------
    1 | l1 | NULL | NULL
    2 | l2 | r2   | NULL
 NULL | ln | NULL | NULL
(3 rows)

> SELECT k FROM l, r
ERROR 42702: column reference "k" is ambiguous
LINE 1: SELECT k FROM l, r
               ^

> SELECT * FROM l JOIN r USING (nope)
ERROR 42703: column "nope" specified in USING clause does not exist in left table
LINE 1: SELECT * FROM l JOIN r USING (nope)
                                      ^

> SELECT * FROM l JOIN r USING (a)
ERROR 42703: column "a" specified in USING clause does not exist in right table
LINE 1: SELECT * FROM l JOIN r USING (a)
                                      ^

> SELECT * FROM (l CROSS JOIN r) JOIN z USING (k)
ERROR 42702: common column name "k" appears more than once in left table
LINE 1: SELECT * FROM (l CROSS JOIN r) JOIN z USING (k)
                                                     ^

> SELECT * FROM l NATURAL JOIN (SELECT 1 AS nothing) q ORDER BY a
  k   | a  | nothing
------+----+---------
    1 | l1 |       1
    2 | l2 |       1
 NULL | ln |       1
(3 rows)

> SELECT a FROM l WHERE EXISTS (SELECT FROM r JOIN z USING (k) WHERE k = l.k + 1)
 a
----
 l2
(1 row)

> SELECT k, (SELECT count(*) FROM z WHERE z.k = q.k) FROM (SELECT k FROM l FULL JOIN r USING (k)) q ORDER BY k
  k   | count
------+-------
    1 |     0
    2 |     0
    3 |     1
 NULL |     0
 NULL |     0
(5 rows)

> SELECT k, (SELECT count(*) FROM z WHERE z.k >= r.k) FROM l FULL JOIN r USING (k) ORDER BY k, a
  k   | count
------+-------
    1 |     0
    2 |     2
    3 |     2
 NULL |     0
 NULL |     0
(5 rows)

> SELECT (SELECT max(c) FROM z WHERE z.k = k) FROM l FULL JOIN r USING (k) ORDER BY 1
 max
-----
 z4
 z4
 z4
 z4
 z4
(5 rows)

> SELECT DISTINCT k FROM l FULL JOIN r USING (k) ORDER BY k
  k
------
    1
    2
    3
 NULL
(4 rows)

> SELECT DISTINCT ON (k) k, a, b FROM l FULL JOIN r USING (k) ORDER BY k, a, b
  k   |  a   |  b
------+------+------
    1 | l1   | NULL
    2 | l2   | r2
    3 | NULL | r3
 NULL | ln   | NULL
(4 rows)

> SELECT k, row_number() OVER (PARTITION BY k ORDER BY a) FROM l FULL JOIN r USING (k) ORDER BY k, 2
  k   | row_number
------+------------
    1 |          1
    2 |          1
    3 |          1
 NULL |          1
 NULL |          2
(5 rows)

> SELECT k AS kk FROM l FULL JOIN r USING (k) GROUP BY k HAVING k > 1 ORDER BY kk
 kk
----
  2
  3
(2 rows)

> SELECT k + 1 FROM l JOIN r USING (k)
 ?column?
----------
        3
(1 row)

> SELECT * FROM l AS x NATURAL LEFT JOIN l AS y ORDER BY k
  k   | a
------+----
    1 | l1
    2 | l2
 NULL | ln
(3 rows)

> WITH q AS (SELECT * FROM l FULL JOIN r USING (k)) SELECT * FROM q NATURAL JOIN z
 k |  a   | b  | c
---+------+----+----
 3 | NULL | r3 | z3
(1 row)

> SELECT * FROM l JOIN r ON l.k = r.k
 k | a  | k | b
---+----+---+----
 2 | l2 | 2 | r2
(1 row)

> SELECT * FROM l NATURAL JOIN r NATURAL JOIN z
 k | a | b | c
---+---+---+---
(0 rows)

> SELECT sum(k) FROM l FULL JOIN r USING (k)
 sum
-----
   6
(1 row)

> SELECT * FROM generate_series(1, 3) k JOIN r USING (k) ORDER BY k
 k | b
---+----
 2 | r2
 3 | r3
(2 rows)

> SELECT * FROM l JOIN generate_series(1, 3) AS g(k) USING (k) ORDER BY 1
 k | a
---+----
 1 | l1
 2 | l2
(2 rows)

> SELECT l.a, r.b FROM l JOIN LATERAL (SELECT * FROM r WHERE r.k > l.k) r ON true ORDER BY 1, 2
 a  | b
----+----
 l1 | r2
 l1 | r3
 l2 | r3
(3 rows)

> SELECT l.k, r.k FROM l FULL JOIN r USING (k) ORDER BY l.k, r.k, a, b
  k   |  k
------+------
    1 | NULL
    2 |    2
 NULL |    3
 NULL | NULL
 NULL | NULL
(5 rows)

> SELECT a, b, row_number() OVER (ORDER BY a, b NULLS FIRST) FROM (VALUES (1,1),(2,2)) t(a,b) WHERE a = b GROUP BY GROUPING SETS ((a,b),(a)) ORDER BY 3
 a |  b   | row_number
---+------+------------
 1 | NULL |          1
 1 |    1 |          2
 2 | NULL |          3
 2 |    2 |          4
(4 rows)

> SELECT a, b, grouping(a, b), count(*) FROM (VALUES (1,1),(2,2),(1,2)) t(a,b) WHERE a = b GROUP BY ROLLUP (a, b) ORDER BY a, b
  a   |  b   | grouping | count
------+------+----------+-------
    1 |    1 |        0 |     1
    1 | NULL |        1 |     1
    2 |    2 |        0 |     1
    2 | NULL |        1 |     1
 NULL | NULL |        3 |     2
(5 rows)

> SELECT a + 1, sum(b) FROM (VALUES (1,1),(2,2),(1,2)) t(a,b) GROUP BY CUBE (a + 1, b) HAVING sum(b) > 1 ORDER BY 1, 2
 ?column? | sum
----------+-----
        2 |   2
        2 |   3
        3 |   2
        3 |   2
     NULL |   4
     NULL |   5
(6 rows)

> SELECT * FROM l JOIN r ON l.k = r.k JOIN z ON z.k = coalesce(l.k, r.k) + 1
 k | a  | k | b  | k | c
---+----+---+----+---+----
 2 | l2 | 2 | r2 | 3 | z3
(1 row)

