# Volatile functions and sets in a select list are computed behind the sort. PostgreSQL's answers.

> create temp table lt (a int, b int)
CREATE TABLE

> insert into lt select i, 11 - i from generate_series(1,10) i
INSERT 0 10

> create temp sequence ls
CREATE SEQUENCE

> select a, nextval('ls') from lt order by b limit 3
 a  | nextval
----+---------
 10 |       1
  9 |       2
  8 |       3
(3 rows)

> select currval('ls')
 currval
---------
       3
(1 row)

> select a, nextval('ls') from lt order by b desc
 a  | nextval
----+---------
  1 |       4
  2 |       5
  3 |       6
  4 |       7
  5 |       8
  6 |       9
  7 |      10
  8 |      11
  9 |      12
 10 |      13
(10 rows)

> select currval('ls')
 currval
---------
      13
(1 row)

> select a, nextval('ls') n from lt order by n desc limit 2
 a  | n
----+----
 10 | 23
  9 | 22
(2 rows)

> select currval('ls')
 currval
---------
      23
(1 row)

> select nextval('ls') from lt order by b limit 1
 nextval
---------
      24
(1 row)

> select a + nextval('ls'), b from lt order by 2 limit 2
 ?column? | b
----------+---
       35 | 1
       35 | 2
(2 rows)

> select a, generate_series(1,3) from lt order by b limit 4
 a  | generate_series
----+-----------------
 10 |               1
 10 |               2
 10 |               3
  9 |               1
(4 rows)

> select generate_series(1,3) g, a from lt order by b, g desc limit 4
 g | a
---+----
 3 | 10
 2 | 10
 1 | 10
 3 |  9
(4 rows)

> select a, generate_series(1,3) g from lt order by g, a limit 4
 a | g
---+---
 1 | 1
 2 | 1
 3 | 1
 4 | 1
(4 rows)

> select generate_series(1, a) from lt order by b offset 2 limit 5
 generate_series
-----------------
               3
               4
               5
               6
               7
(5 rows)

> select a, unnest(array[b, a]) u, generate_series(1,3) from lt order by a desc limit 5
 a  |  u   | generate_series
----+------+-----------------
 10 |    1 |               1
 10 |   10 |               2
 10 | NULL |               3
  9 |    2 |               1
  9 |    9 |               2
(5 rows)

> select x.* from (select a, nextval('ls') s from lt order by b limit 2) x order by a desc
 a  | s
----+----
 10 | 27
  9 | 28
(2 rows)

> create temp table li (a int, n int)
CREATE TABLE

> insert into li select a, nextval('ls') from lt order by b limit 3
INSERT 0 3

> select a, n - (select min(n) from li) from li order by n
 a  | ?column?
----+----------
 10 |        0
  9 |        1
  8 |        2
(3 rows)

> select a, (select nextval('ls')) - currval('ls') from lt order by b limit 2
 a  | ?column?
----+----------
 10 |        0
  9 |        0
(2 rows)

> select distinct nextval('ls') > 0 from lt order by 1
 ?column?
----------
 t
(1 row)

> select a, count(*), nextval('ls') > 0 from lt group by a order by a limit 2
 a | count | ?column?
---+-------+----------
 1 |     1 | t
 2 |     1 | t
(2 rows)

> select row_number() over (order by b), nextval('ls') > 0 from lt order by a limit 2
 row_number | ?column?
------------+----------
         10 | t
          9 | t
(2 rows)

> select a, random() < 2 as r from lt order by b limit 2
 a  | r
----+---
 10 | t
  9 | t
(2 rows)

> select a, random() < 2 as a2 from lt order by a + b, a limit 2
 a | a2
---+----
 1 | t
 2 | t
(2 rows)

> select l.a, m.a, nextval('ls') > 0 from lt l join lt m on l.a = m.b order by l.b, m.b limit 3
 a  | a | ?column?
----+---+----------
 10 | 1 | t
  9 | 2 | t
  8 | 3 | t
(3 rows)

> with w as (select a, nextval('ls') v from lt order by b limit 2) select a, v > 0 from w
 a  | ?column?
----+----------
 10 | t
  9 | t
(2 rows)

> prepare ps as select a, nextval('ls') > $1 from lt order by b limit $2
PREPARE

> execute ps(0, 2)
 a  | ?column?
----+----------
 10 | t
  9 | t
(2 rows)

> select a, nextval('ls') > 0, a as x from lt order by x desc limit 2
 a  | ?column? | x
----+----------+----
 10 | t        | 10
  9 | t        |  9
(2 rows)

> select a as b, nextval('ls') > 0 from lt order by b limit 2
 b | ?column?
---+----------
 1 | t
 2 | t
(2 rows)

> select lt.b as a, nextval('ls') > lt.a from lt order by lt.a limit 2
 a  | ?column?
----+----------
 10 | t
  9 | t
(2 rows)

> select gen_random_uuid() is not null, a from lt order by -a limit 2
 ?column? | a
----------+----
 t        | 10
 t        |  9
(2 rows)

> select json_array_elements('[1,2]'::json), a from lt order by b limit 3
 json_array_elements | a
---------------------+----
 1                   | 10
 2                   | 10
 1                   |  9
(3 rows)

> select a, generate_series(1,2) from lt where a < 3 order by a desc
 a | generate_series
---+-----------------
 2 |               1
 2 |               2
 1 |               1
 1 |               2
(4 rows)

# What is sorted by need not be shown where sets are.

> create temp table so (id int, tags text[], made date)
CREATE TABLE

> insert into so values (1, '{a,b}', '2020-01-02'), (2, '{c}', '2020-01-01'), (3, '{}', '2019-01-01'), (4, null, '2018-01-01')
INSERT 0 4

> select id, unnest(tags) t from so order by made
 id | t
----+---
  2 | c
  1 | a
  1 | b
(3 rows)

> select id, unnest(tags) from so order by made desc, id limit 2
 id | unnest
----+--------
  1 | a
  1 | b
(2 rows)

> select unnest(tags) from so order by made, 1
 unnest
--------
 c
 a
 b
(3 rows)

> select id as made, unnest(tags) from so order by so.made
 made | unnest
------+--------
    2 | c
    1 | a
    1 | b
(3 rows)

> select unnest(tags) as x, id from so order by x desc, made
 x | id
---+----
 c |  2
 b |  1
 a |  1
(3 rows)

> select s.id, s.id, unnest(tags) from so s order by made
 id | id | unnest
----+----+--------
  2 |  2 | c
  1 |  1 | a
  1 |  1 | b
(3 rows)

> select id, unnest(tags) from so order by made + 1, id
 id | unnest
----+--------
  2 | c
  1 | a
  1 | b
(3 rows)

> select id, jsonb_array_elements('[1,2]'::jsonb) from so order by made limit 3
 id | jsonb_array_elements
----+----------------------
  4 | 1
  4 | 2
  3 | 1
(3 rows)

> select array(select unnest(tags) from so order by made)
  array
---------
 {c,a,b}
(1 row)

> select string_agg(t, ',') from (select unnest(tags) t from so order by made) x
 string_agg
------------
 c,a,b
(1 row)

> insert into lt select id, generate_series(1, 2) from so order by made
INSERT 0 8

> select distinct unnest(tags) from so order by made
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list

> drop table lt, li, so
DROP TABLE
