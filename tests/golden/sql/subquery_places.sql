# Names that mean one thing to PostgreSQL and another to the planner, subqueries in LATERAL and ARRAY, and what RETURNING sees.

> create table t (id int primary key, a int, o int, j jsonb)
CREATE TABLE

> insert into t values (1,1,10,'{"a":1}'),(2,5,NULL,'[1]'),(3,NULL,30,NULL),(4,5,10,'"s"'),(5,7,20,'{"a":1}')
INSERT 0 5

> create table u (k int primary key, b int, d int, n int)
CREATE TABLE

> insert into u values (1,1,10,5),(2,5,10,NULL),(3,5,30,7),(4,7,NULL,1)
INSERT 0 4

> select b.id from t b where exists (select 1 from u where u.b = b.a) order by b.id
 id
----
  1
  2
  4
  5
(4 rows)

> select b.id, (select count(*) from u where u.d = b.o) from t b order by b.id
 id | count
----+-------
  1 |     2
  2 |     0
  3 |     1
  4 |     2
  5 |     0
(5 rows)

> select b.id, (select max(b.a + u.n) from u where b.a = u.b) from t b order by b.id
 id | max
----+------
  1 |    6
  2 |   12
  3 | NULL
  4 |   12
  5 |    8
(5 rows)

> select b.id, b.o in (select d from u where b.a >= b) from t b order by b.id
 id | ?column?
----+----------
  1 | t
  2 | NULL
  3 | f
  4 | t
  5 | NULL
(5 rows)

> select b.id, b.j->'a', (select count(*) from u where b.j->'a' is not null and u.b < b.id) from t b order by b.id
 id | ?column? | count
----+----------+-------
  1 | 1        |     0
  2 | NULL     |     0
  3 | NULL     |     0
  4 | NULL     |     0
  5 | 1        |     1
(5 rows)

> select d.id from t as d join u on u.k = d.id where d.o in (select d from u) order by d.id
 id
----
  1
  3
  4
(3 rows)

> select b.* from (select id, a from t) b where exists (select 1 from u where b.a = u.b) order by 1
 id | a
----+---
  1 | 1
  2 | 5
  4 | 5
  5 | 7
(4 rows)

> with b as (select id, a from t) select id from b where exists (select 1 from u where b.a = u.b) order by id
 id
----
  1
  2
  4
  5
(4 rows)

> select a + 1 as a from t order by t.a
  a
------
    2
    6
    6
    8
 NULL
(5 rows)

> select -a as a from t order by t.a, id
  a
------
   -1
   -5
   -5
   -7
 NULL
(5 rows)

> select -a as a, id from t order by a, t.id
  a   | id
------+----
   -7 |  5
   -5 |  2
   -5 |  4
   -1 |  1
 NULL |  3
(5 rows)

> select -a as a, count(*) from t group by t.a order by t.a
  a   | count
------+-------
   -1 |     1
   -5 |     2
   -7 |     1
 NULL |     1
(4 rows)

> select -id as id, a as o from t order by t.o, id
 id |  o
----+------
 -4 |    5
 -1 |    1
 -5 |    7
 -3 | NULL
 -2 |    5
(5 rows)

> select 1 - id as id from t order by abs(t.id - 3), id
 id
----
 -2
 -3
 -1
 -4
  0
(5 rows)

> select id, case when id > 2 then j end from t order by id
 id |   case
----+----------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | "s"
  5 | {"a": 1}
(5 rows)

> update t set j = case when id = 1 then j else '{"z": 1}' end
UPDATE 5

> update t set j = coalesce(j, '{}'), a = coalesce(a, 0)
UPDATE 5

> update t set j = nullif(j, '{"z": 1}')
UPDATE 5

> select * from t order by id
 id | a |  o   |    j
----+---+------+----------
  1 | 1 |   10 | {"a": 1}
  2 | 5 | NULL | NULL
  3 | 0 |   30 | NULL
  4 | 5 |   10 | NULL
  5 | 7 |   20 | NULL
(5 rows)

> select id, coalesce(j, '{"k": 2}')->'a' from t order by id
 id | ?column?
----+----------
  1 | 1
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select to_jsonb(coalesce(j, '{"k": 2}')) from t order by id
 to_jsonb
----------
 {"a": 1}
 {"k": 2}
 {"k": 2}
 {"k": 2}
 {"k": 2}
(5 rows)

> select case when true then '2024-01-01'::date end, coalesce(null, 'a41f1a2e-8f5a-4c1c-8f0e-1f2f3a4b5c6d'::uuid)
    case    |               coalesce
------------+--------------------------------------
 2024-01-01 | a41f1a2e-8f5a-4c1c-8f0e-1f2f3a4b5c6d
(1 row)

> select coalesce(j, '{}') c, count(*) from t group by coalesce(j, '{}') order by 2, 1
    c     | count
----------+-------
 {"a": 1} |     1
 {}       |     4
(2 rows)

> update t set a = u.n from u where u.k = t.id and t.id = 2 returning t.id, a, u.k, u.n + 1, b
 id |  a   | k | ?column? | b
----+------+---+----------+---
  2 | NULL | 2 |     NULL | 5
(1 row)
UPDATE 1

> update t set a = s.x from (select k, n as x from u) s where s.k = t.id and s.k = 3 returning *
 id | a | o  |  j   | k | x
----+---+----+------+---+---
  3 | 7 | 30 | NULL | 3 | 7
(1 row)
UPDATE 1

> update t set a = t.a + 1 from u x where x.k = t.id and x.b = 5 and x.k = 3 returning t.id, x.*
 id | k | b | d  | n
----+---+---+----+---
  3 | 3 | 5 | 30 | 7
(1 row)
UPDATE 1

> update t set a = 3 from u where u.k = t.id and k = 2 returning k, (select count(*) from u y where y.b = u.b)
 k | count
---+-------
 2 |     2
(1 row)
UPDATE 1

> update t set o = 0 from u where u.k = t.id returning zz.k
ERROR 42P01: missing FROM-clause entry for table "zz"
LINE 1: update t set o = 0 from u where u.k = t.id returning zz.k
                                                             ^

> update t set o = 0 from t t2 where t2.id = t.id + 1 returning id
ERROR 42702: column reference "id" is ambiguous
LINE 1: update t set o = 0 from t t2 where t2.id = t.id + 1 returning id
                                                                      ^

> update t set o = 0 from t t2 where t2.id = t.id + 1 and t.id = 3 returning t.id, t2.id, t2.o
 id | id | o
----+----+----
  3 |  4 | 10
(1 row)
UPDATE 1

> delete from u using t where t.id = u.k and t.id < 2 returning u.k, t.id, t.j, t.a + u.b
 k | id |    j     | ?column?
---+----+----------+----------
 1 |  1 | {"a": 1} |        2
(1 row)
DELETE 1

> delete from u using t where t.id = u.k and t.id = 3 returning *
 k | b | d  | n | id | a | o |  j
---+---+----+---+----+---+---+------
 3 | 5 | 30 | 7 |  3 | 8 | 0 | NULL
(1 row)
DELETE 1

> insert into u values (10, 1, 1, 1) returning k, (select count(*) from u)
 k  | count
----+-------
 10 |     2
(1 row)
INSERT 0 1

> insert into u values (11, 1, 1, 1), (12, 1, 1, 1) returning k, (select count(*) from u), (select max(k) from u)
 k  | count | max
----+-------+-----
 11 |     3 |  10
 12 |     3 |  10
(2 rows)
INSERT 0 2

> update u set n = 100 returning k, (select max(n) from u)
 k  | max
----+-----
  2 |   1
  4 |   1
 10 |   1
 11 |   1
 12 |   1
(5 rows)
UPDATE 5

> delete from u returning k, (select count(*) from u)
 k  | count
----+-------
  2 |     5
  4 |     5
 10 |     5
 11 |     5
 12 |     5
(5 rows)
DELETE 5

> begin
BEGIN

> insert into u values (20, 1, 1, 1)
INSERT 0 1

> insert into u values (21, 1, 1, 1) returning k, (select count(*) from u)
 k  | count
----+-------
 21 |     1
(1 row)
INSERT 0 1

> rollback
ROLLBACK

> select id from t where id = (values (3))
 id
----
  3
(1 row)

> select (values (3)) as v, array(values (1), (2)), array(select id from t where id > 9)
 v | array | array
---+-------+-------
 3 | {1,2} | {}
(1 row)

> select array(select id from t order by id desc limit 2), array(select distinct a from t order by a), array(select count(*) from t group by a order by 1), array(select id from t union select 9 order by 1)
 array |    array    |    array    |     array
-------+-------------+-------------+---------------
 {5,4} | {1,3,5,7,8} | {1,1,1,1,1} | {1,2,3,4,5,9}
(1 row)

> select array(select j from t order by id limit 1)
     array
----------------
 {"{\"a\": 1}"}
(1 row)

> select t.id, s.k from t, lateral (select k from (values (1, 1), (2, 1), (3, 2)) v(k, x) where v.x = t.id order by k desc limit 1) s order by 1
 id | k
----+---
  1 | 2
  2 | 3
(2 rows)

> select t.id, s.c from t left join lateral (select count(*) c from (values (1, 1), (2, 1), (3, 2)) v(k, x) where v.x >= t.id having count(*) > 1) s on true order by 1
 id |  c
----+------
  1 |    3
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select t.id, g from t, generate_series(1, t.id) g where t.id < 4 order by 1, 2
 id | g
----+---
  1 | 1
  2 | 1
  2 | 2
  3 | 1
  3 | 2
  3 | 3
(6 rows)

> select t.id, g from t left join lateral generate_series(1, t.id - 2) g on true order by 1, 2
 id |  g
----+------
  1 | NULL
  2 | NULL
  3 |    1
  4 |    1
  4 |    2
  5 |    1
  5 |    2
  5 |    3
(8 rows)

> select t.id, x.s from t, lateral (select sum(v) s from (select t.id as v union all select 1) q) x order by 1
 id | s
----+---
  1 | 2
  2 | 3
  3 | 4
  4 | 5
  5 | 6
(5 rows)

# Rows are compared with the rows of subqueries.

> CREATE TABLE ra (id int PRIMARY KEY, x int, y int)
CREATE TABLE

> CREATE TABLE rb (id int PRIMARY KEY, a int, b int)
CREATE TABLE

> INSERT INTO ra VALUES (1, 1, 10), (2, 1, 3), (3, 2, NULL), (4, NULL, 4)
INSERT 0 4

> INSERT INTO rb VALUES (1, 1, 10), (2, 1, 20), (3, 2, 10), (4, 2, NULL)
INSERT 0 4

> SELECT id FROM ra WHERE (x, y) = (SELECT a, b FROM rb WHERE id = 1) ORDER BY id
 id
----
  1
(1 row)

> SELECT id, (x, y) < (SELECT a, b FROM rb WHERE rb.id = ra.id) AS q FROM ra ORDER BY id
 id |  q
----+------
  1 | f
  2 | t
  3 | NULL
  4 | NULL
(4 rows)

> SELECT id FROM ra WHERE (x, y) = (SELECT a, b FROM rb)
ERROR 21000: more than one row returned by a subquery used as an expression

> SELECT id, (x, y) = ANY (SELECT a, b FROM rb) AS q, (x, y) <> ALL (SELECT a, b FROM rb) AS r FROM ra ORDER BY id
 id |  q   |  r
----+------+------
  1 | t    | f
  2 | f    | t
  3 | NULL | NULL
  4 | NULL | NULL
(4 rows)

> SELECT id, ROW(x, y) <= ALL (SELECT a, b FROM rb WHERE id < 4) AS q FROM ra ORDER BY id
 id |  q
----+------
  1 | t
  2 | t
  3 | f
  4 | NULL
(4 rows)

> SELECT id, (x, y) NOT IN (SELECT a, b FROM rb WHERE a = x) AS q FROM ra ORDER BY id
 id |  q
----+------
  1 | f
  2 | t
  3 | NULL
  4 | t
(4 rows)

> SELECT x FROM ra GROUP BY x HAVING (x, count(*)) = (SELECT a, 2 FROM rb WHERE id = 1)
 x
---
 1
(1 row)

> SELECT id FROM ra WHERE (x, y) = (SELECT a FROM rb)
ERROR 42601: subquery has too few columns
LINE 1: SELECT id FROM ra WHERE (x, y) = (SELECT a FROM rb)
                                 ^

> SELECT id FROM ra WHERE (x, y) IN (SELECT a, b, id FROM rb)
ERROR 42601: subquery has too many columns
LINE 1: SELECT id FROM ra WHERE (x, y) IN (SELECT a, b, id FROM rb)
                                 ^

> SELECT id FROM ra WHERE EXISTS (SELECT 1 FROM (SELECT b FROM rb WHERE a = ra.x) q WHERE q.b > ra.y) ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id FROM ra WHERE x IN (SELECT q.id FROM (SELECT id, b FROM rb WHERE a = ra.x) q WHERE q.b = ra.y) ORDER BY id
 id
----
  1
(1 row)

> SELECT id, ARRAY(SELECT g FROM generate_series(1, 3) g WHERE g <> ra.x) AS q FROM ra ORDER BY id
 id |   q
----+-------
  1 | {2,3}
  2 | {2,3}
  3 | {1,3}
  4 | {}
(4 rows)

> SELECT id, ARRAY(SELECT g FROM generate_series(1, 3) g WHERE g <> ra.x ORDER BY g DESC) AS q FROM ra ORDER BY id
 id |   q
----+-------
  1 | {3,2}
  2 | {3,2}
  3 | {3,1}
  4 | {}
(4 rows)

> SELECT id, ARRAY(SELECT g * 2 FROM generate_series(1, ra.x) g) AS q FROM ra ORDER BY id
 id |   q
----+-------
  1 | {2}
  2 | {2}
  3 | {2,4}
  4 | {}
(4 rows)

> SELECT pg_typeof(v), v->>'a' AS a FROM unnest('{"{\"a\":1}","{\"a\":2}"}'::jsonb[]) v
 pg_typeof | a
-----------+---
 jsonb     | 1
 jsonb     | 2
(2 rows)

> SELECT pg_typeof(unnest('{1,2}'::jsonb[])) AS q
   q
-------
 jsonb
 jsonb
(2 rows)

> SELECT id, (SELECT sum(v) FROM unnest(ARRAY[ra.x, ra.y]) v) AS q FROM ra ORDER BY id
 id | q
----+----
  1 | 11
  2 |  4
  3 |  2
  4 |  4
(4 rows)

> SELECT id, v, w FROM ra, unnest(ARRAY[x, y], ARRAY['a']) q(v, w) WHERE id < 3 ORDER BY id, w
 id | v  |  w
----+----+------
  1 |  1 | a
  1 | 10 | NULL
  2 |  1 | a
  2 |  3 | NULL
(4 rows)

# Subqueries among the arguments of calls whose columns have one name.

> INSERT INTO u VALUES (1,1,10,5),(2,5,10,NULL),(3,5,30,7),(4,7,NULL,1)
INSERT 0 4

> SELECT t.a, count((SELECT b AS z FROM u WHERE k = 1)), count((SELECT d AS z FROM u WHERE k = 4)) FROM t GROUP BY t.a ORDER BY a
 a | count | count
---+-------+-------
 1 |     1 |     0
 3 |     1 |     0
 5 |     1 |     0
 7 |     1 |     0
 8 |     1 |     0
(5 rows)

> SELECT min((SELECT b FROM u WHERE u.k = t.id)), min((SELECT d AS b FROM u WHERE u.k = t.id)), max((SELECT b AS z FROM u WHERE u.k = t.id ORDER BY z LIMIT 1)) FROM t
 min | min | max
-----+-----+-----
   1 |  10 |   7
(1 row)

> SELECT count(DISTINCT (SELECT '2023-12-31'::date AS z FROM t s1 ORDER BY s1.id LIMIT 1)), count(DISTINCT (SELECT 'a' AS z FROM u s2 ORDER BY s2.k LIMIT 1)) FROM u
 count | count
-------+-------
     1 |     1
(1 row)

# A correlated subquery as the operand of one.

> SELECT id FROM t WHERE (SELECT min(b) FROM u WHERE u.d = t.o) > ALL (SELECT k - 1 FROM u) ORDER BY id
 id
----
(0 rows)

> SELECT id FROM t WHERE (SELECT min(b) FROM u WHERE u.d = t.o) IN (SELECT k FROM u) ORDER BY id
 id
----
  1
  4
(2 rows)

> SELECT id FROM t WHERE (SELECT max(b) FROM u WHERE u.d = t.o) NOT IN (SELECT k FROM u) ORDER BY id
 id
----
  1
  4
(2 rows)

> SELECT id FROM t WHERE (SELECT max(b) FROM u WHERE u.d = t.o) = ANY (SELECT b FROM u WHERE u.k = t.id) ORDER BY id
 id
----
(0 rows)

> DELETE FROM t WHERE (SELECT count(*) FROM u WHERE u.d = t.o) < ALL (SELECT k FROM u) AND id > 4
DELETE 1
