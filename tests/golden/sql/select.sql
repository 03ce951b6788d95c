# Joins, aggregates, windows, CTEs, set operations and everyday functions.

> CREATE TABLE city (id int PRIMARY KEY, name text, country text, people int)
CREATE TABLE

> CREATE TABLE country (code text PRIMARY KEY, name text)
CREATE TABLE

> INSERT INTO city VALUES (1, 'Bern', 'CH', 134), (2, 'Basel', 'CH', 173), (3, 'Wien', 'AT', 1900), (4, 'Graz', 'AT', 290), (5, 'Vaduz', 'LI', 6), (6, 'Atlantis', NULL, NULL)
INSERT 0 6

> INSERT INTO country VALUES ('CH', 'Switzerland'), ('AT', 'Austria'), ('IT', 'Italy')
INSERT 0 3

> SELECT city.name, country.name FROM city JOIN country ON country.code = city.country ORDER BY city.name
 name  |    name
-------+-------------
 Basel | Switzerland
 Bern  | Switzerland
 Graz  | Austria
 Wien  | Austria
(4 rows)

> SELECT c.name, k.name AS country FROM city c LEFT JOIN country k ON k.code = c.country ORDER BY c.id
   name   |   country
----------+-------------
 Bern     | Switzerland
 Basel    | Switzerland
 Wien     | Austria
 Graz     | Austria
 Vaduz    | NULL
 Atlantis | NULL
(6 rows)

> SELECT k.code, count(c.id) FROM country k LEFT JOIN city c ON c.country = k.code GROUP BY k.code ORDER BY k.code
 code | count
------+-------
 AT   |     2
 CH   |     2
 IT   |     0
(3 rows)

> SELECT country, count(*), sum(people), min(people), max(people), avg(people) FROM city GROUP BY country ORDER BY country
 country | count | sum  | min  | max  |          avg
---------+-------+------+------+------+-----------------------
 AT      |     2 | 2190 |  290 | 1900 | 1095.0000000000000000
 CH      |     2 |  307 |  134 |  173 |  153.5000000000000000
 LI      |     1 |    6 |    6 |    6 |    6.0000000000000000
 NULL    |     1 | NULL | NULL | NULL |                  NULL
(4 rows)

> SELECT country, sum(people) AS total FROM city GROUP BY country HAVING sum(people) > 200 ORDER BY total DESC
 country | total
---------+-------
 AT      |  2190
 CH      |   307
(2 rows)

> SELECT name, rank() OVER (PARTITION BY country ORDER BY people DESC), sum(people) OVER (ORDER BY id) FROM city WHERE country IS NOT NULL ORDER BY id
 name  | rank | sum
-------+------+------
 Bern  |    2 |  134
 Basel |    1 |  307
 Wien  |    1 | 2207
 Graz  |    2 | 2497
 Vaduz |    1 | 2503
(5 rows)

> WITH big AS (SELECT * FROM city WHERE people > 150) SELECT name FROM big ORDER BY name
 name
-------
 Basel
 Graz
 Wien
(3 rows)

> WITH RECURSIVE counting(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counting WHERE n < 5) SELECT n FROM counting ORDER BY n
 n
---
 1
 2
 3
 4
 5
(5 rows)

> SELECT country FROM city WHERE country IS NOT NULL UNION SELECT code FROM country ORDER BY 1
 country
---------
 AT
 CH
 IT
 LI
(4 rows)

> SELECT code FROM country EXCEPT SELECT country FROM city
 code
------
 IT
(1 row)

> SELECT DISTINCT country FROM city ORDER BY country NULLS FIRST
 country
---------
 NULL
 AT
 CH
 LI
(4 rows)

> SELECT name FROM city ORDER BY people DESC LIMIT 2
   name
----------
 Atlantis
 Wien
(2 rows)

> SELECT name FROM city ORDER BY people DESC NULLS LAST LIMIT 2 OFFSET 1
 name
-------
 Graz
 Basel
(2 rows)

> SELECT name FROM city WHERE people BETWEEN 100 AND 300 AND name LIKE 'B%' ORDER BY name
 name
-------
 Basel
 Bern
(2 rows)

> SELECT name FROM city WHERE name ILIKE '%A%' ORDER BY name
   name
----------
 Atlantis
 Basel
 Graz
 Vaduz
(4 rows)

> SELECT name FROM city WHERE name ~ '^[BG]' ORDER BY name
 name
-------
 Basel
 Bern
 Graz
(3 rows)

> SELECT name FROM city WHERE EXISTS (SELECT 1 FROM country WHERE code = city.country) ORDER BY name
 name
-------
 Basel
 Bern
 Graz
 Wien
(4 rows)

> SELECT name, (SELECT name FROM country WHERE code = city.country) FROM city WHERE id < 3 ORDER BY id
 name  |    name
-------+-------------
 Bern  | Switzerland
 Basel | Switzerland
(2 rows)

> SELECT name FROM city WHERE id = ANY('{1,3}') ORDER BY id
 name
------
 Bern
 Wien
(2 rows)

> SELECT name FROM city WHERE id = ANY('{{1,9},{3,8}}') ORDER BY id
 name
------
 Bern
 Wien
(2 rows)

> SELECT CASE WHEN people > 1000 THEN 'large' WHEN people > 100 THEN 'middle' ELSE 'small' END AS size, count(*) FROM city GROUP BY 1 ORDER BY 1
  size  | count
--------+-------
 large  |     1
 middle |     3
 small  |     2
(3 rows)

> SELECT coalesce(country, '?'), nullif(name, 'Bern') FROM city WHERE id IN (1, 6) ORDER BY id
 coalesce |  nullif
----------+----------
 CH       | NULL
 ?        | Atlantis
(2 rows)

> SELECT 1 + 1 AS two, 7 / 2 AS whole, 7 % 3 AS rest, 7 / 2.0 AS fraction, 2 ^ 10 AS power
 two | whole | rest |      fraction      | power
-----+-------+------+--------------------+-------
   2 |     3 |    1 | 3.5000000000000000 |  1024
(1 row)

# differs: PostgreSQL answers
#    joined | length | upper | substring | btrim | replace
#   --------+--------+-------+-----------+-------+---------
#    ab     |      6 | ä     | bcd       | x     | a-a
#   (1 row)
> SELECT 'a' || 'b' AS joined, length('Zürich'), upper('ä'), substring('abcdef' FROM 2 FOR 3), trim('  x  '), replace('aXa', 'X', '-')
 joined | length | upper | substring | btrim | replace
--------+--------+-------+-----------+-------+---------
 ab     |      6 | Ä     | bcd       | x     | a-a
(1 row)

> SELECT 1/0
ERROR 22012: division by zero

# differs: PostgreSQL points at the place
> SELECT name, people FROM city GROUP BY name
ERROR 42803: column "city.people" must appear in the GROUP BY clause or be used in an aggregate function

# differs: PostgreSQL points at the place
> SELECT name FROM city WHERE count(*) > 1
ERROR 42803: aggregate functions are not allowed in WHERE

> SELECT city.id FROM city, country WHERE name = 'x'
ERROR 42702: column reference "name" is ambiguous
LINE 1: SELECT city.id FROM city, country WHERE name = 'x'
                                                ^

> SELECT string_agg(name, ', ' ORDER BY name) FROM city WHERE country = 'CH'
 string_agg
-------------
 Basel, Bern
(1 row)

> SELECT array_agg(id ORDER BY id) FROM city WHERE people > 150
 array_agg
-----------
 {2,3,4}
(1 row)

> SELECT count(*) FILTER (WHERE people > 150) FROM city
 count
-------
     3
(1 row)

> SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v(number, word) ORDER BY number
 number | word
--------+------
      1 | one
      2 | two
(2 rows)

> SELECT date_trunc('month', timestamp '2024-05-17 10:11:12'), extract(year FROM date '2024-05-17')
     date_trunc      | extract
---------------------+---------
 2024-05-01 00:00:00 |    2024
(1 row)

> SELECT timestamp '2024-01-31 00:00:00' + interval '1 month', date '2024-03-01' - date '2024-02-01'
      ?column?       | ?column?
---------------------+----------
 2024-02-29 00:00:00 |       29
(1 row)

> SELECT true AND NULL, NOT false, 1 IS DISTINCT FROM NULL
 ?column? | ?column? | ?column?
----------+----------+----------
 NULL     | t        | t
(1 row)

> SELECT
--
(1 row)

> SELECT 1 AS a, 2 AS a
 a | a
---+---
 1 | 2
(1 row)

> VALUES (1, 'a'), (2, 'b')
 column1 | column2
---------+---------
       1 | a
       2 | b
(2 rows)

> SELECT 'no semicolon' AS a; SELECT 'two' AS b;
      a
--------------
 no semicolon
(1 row)
  b
-----
 two
(1 row)

# Branches of set operations share a type.

> SELECT 1 AS n UNION ALL SELECT '2' UNION ALL SELECT NULL
  n
------
    1
    2
 NULL
(3 rows)

> SELECT '2020-01-02' AS d UNION ALL SELECT date '2020-01-01'
     d
------------
 2020-01-02
 2020-01-01
(2 rows)

> SELECT 1 AS n UNION ALL SELECT 2.5
  n
-----
   1
 2.5
(2 rows)

# A subquery's column may be named as one beside it.

> SELECT c.name, (SELECT k.name FROM country k WHERE k.code = c.country) FROM city c WHERE c.id < 4 ORDER BY c.id
 name  |    name
-------+-------------
 Bern  | Switzerland
 Basel | Switzerland
 Wien  | Austria
(3 rows)

> SELECT id, (SELECT max(d.id) FROM city d WHERE d.country = c.country) AS id FROM city c WHERE c.id < 4 ORDER BY c.id
 id | id
----+----
  1 |  2
  2 |  2
  3 |  4
(3 rows)

# Bytes

> SELECT length('\xff00'::bytea) AS l, octet_length('\xff00'::bytea) AS o, length('äb') AS chars
 l | o | chars
---+---+-------
 2 | 2 |     2
(1 row)

# A sign behind an operator belongs to what follows.

> SELECT 1>-1 AS a, 5>=-1 AS b, 3<>-3 AS c, 1>+1 AS d, 1<-1 AS e, '[1,2]'::jsonb->-1 AS f, 2*-3 AS g
 a | b | c | d | e | f | g
---+---+---+---+---+---+----
 t | t | t | f | f | 2 | -6
(1 row)

# A column that equals something computed from it, below windows and groups that sort by it.

> CREATE TABLE eq (id int PRIMARY KEY, n int, b bool)
CREATE TABLE

> INSERT INTO eq VALUES (1, 2, true), (2, -2, false), (3, 2, NULL), (4, 1, true)
INSERT 0 4

> SELECT id, rank() OVER (PARTITION BY n ORDER BY id) FROM eq WHERE abs(n) = n ORDER BY id
 id | rank
----+------
  1 |    1
  3 |    2
  4 |    1
(3 rows)

> SELECT id, rank() OVER (PARTITION BY b ORDER BY n) FROM eq WHERE coalesce(b, false) = b ORDER BY id
 id | rank
----+------
  1 |    2
  2 |    1
  4 |    1
(3 rows)

> SELECT id, rank() OVER (PARTITION BY b ORDER BY n) FROM eq WHERE nullif(NULL::bool, b) IN (b)
 id | rank
----+------
(0 rows)

> SELECT n, count(*) FROM eq WHERE n + 0 = n AND n * 1 = n GROUP BY n ORDER BY n
 n  | count
----+-------
 -2 |     1
  1 |     1
  2 |     2
(3 rows)

# Groups that differ by a cast alone.

> SELECT a, a::bigint AS b FROM (VALUES (1),(2),(2)) v(a) GROUP BY a, a::bigint ORDER BY 1
 a | b
---+---
 1 | 1
 2 | 2
(2 rows)

> SELECT a, a::bigint AS b, count(*) FROM (VALUES (1),(2),(2)) v(a) GROUP BY 1, 2 ORDER BY a::bigint DESC
 a | b | count
---+---+-------
 2 | 2 |     2
 1 | 1 |     1
(2 rows)

> SELECT a::bigint AS b, a::float8 AS c, sum(a::bigint) FROM (VALUES (1),(2),(2)) v(a) GROUP BY a::bigint, a::float8 HAVING a::bigint > 1
 b | c | sum
---+---+-----
 2 | 2 |   4
(1 row)

> SELECT a, b FROM (SELECT a, a::numeric AS b FROM (VALUES (1),(2)) v(a)) s GROUP BY a, b, a::bigint ORDER BY a
 a | b
---+---
 1 | 1
 2 | 2
(2 rows)

> SELECT DISTINCT a, a::bigint AS b FROM (VALUES (1),(1)) v(a)
 a | b
---+---
 1 | 1
(1 row)

> SELECT a, row_number() OVER (PARTITION BY a, a::bigint) AS n FROM (VALUES (1),(2)) v(a) ORDER BY a, a::bigint
 a | n
---+---
 1 | 1
 2 | 1
(2 rows)

# A query of WITH is computed once in PostgreSQL, however often it is read.

> WITH z AS (SELECT random() AS n) SELECT count(*) FROM z
 count
-------
     1
(1 row)

> WITH z AS MATERIALIZED (SELECT random() AS n) SELECT a.n = b.n FROM z AS a, z AS b
ERROR 0A000: WITH query "z" calls a volatile function, and is read more than once: that is not offered
HINT: Put its rows into a temporary table first.

> WITH z AS (SELECT random() AS n), y AS (SELECT * FROM z) SELECT a.n = b.n FROM y AS a, y AS b
ERROR 0A000: WITH query "y" calls a volatile function, and is read more than once: that is not offered
HINT: Put its rows into a temporary table first.

> WITH z AS (SELECT now() AS n) SELECT a.n = b.n AS is_same FROM z AS a, z AS b
 is_same
---------
 t
(1 row)
