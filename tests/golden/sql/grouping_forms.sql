# GROUP BY with sets in one another, in lists, by position, distinct, and of nothing. PostgreSQL's answers.

> create temp table gs (a int, b int, c int, d int)
CREATE TABLE

> insert into gs values (1,1,1,1),(1,1,1,2),(1,1,2,2),(1,2,2,2),(2,2,2,2)
INSERT 0 5

> create temp table gk (a int primary key, b int, c int, d int)
CREATE TABLE

> insert into gk values (1,1,1,1),(2,2,2,2)
INSERT 0 2

> select sum(c) from gs group by grouping sets((), grouping sets((), grouping sets(()))) order by 1 desc
 sum
-----
   8
   8
   8
(3 rows)

> select sum(c) from gs group by grouping sets((), grouping sets((), grouping sets(((a, b))))) order by 1 desc
 sum
-----
   8
   8
   4
   2
   2
(5 rows)

> select sum(c) from gs group by grouping sets(grouping sets(rollup(c), grouping sets(cube(c)))) order by 1 desc
 sum
-----
   8
   8
   6
   6
   2
   2
(6 rows)

> select sum(c) from gs group by grouping sets(a, grouping sets(a, cube(b))) order by 1 desc
 sum
-----
   8
   6
   6
   4
   4
   2
   2
(7 rows)

> select sum(c) from gs group by grouping sets(grouping sets((a, (b)))) order by 1 desc
 sum
-----
   4
   2
   2
(3 rows)

> select sum(c) from gs group by grouping sets(grouping sets(a, grouping sets(a, grouping sets(a), ((a)), a, grouping sets(a), (a)), a)) order by 1 desc
 sum
-----
   6
   6
   6
   6
   6
   6
   6
   6
   2
   2
   2
   2
   2
   2
   2
   2
(16 rows)

> select sum(c) from gs group by grouping sets((a,(a,b)), grouping sets((a,(a,b)),a)) order by 1 desc
 sum
-----
   6
   4
   4
   2
   2
   2
   2
   2
(8 rows)

> select a, d, grouping(a,b,c) from gk group by grouping sets ((a,b), (a,c)) order by 1,2,3
 a | d | grouping
---+---+----------
 1 | 1 |        1
 1 | 1 |        2
 2 | 2 |        1
 2 | 2 |        2
(4 rows)

> select * from (select 1 as x, a, sum(c) from gs group by grouping sets(1, 2)) ss where x = 1 and a = 123
 x | a | sum
---+---+-----
(0 rows)

> select min(a) from gs group by ()
 min
-----
   1
(1 row)

> select 1 from gs group by ()
 ?column?
----------
        1
(1 row)

> select count(*) from gs group by () having false
 count
-------
(0 rows)

> select 1 where false group by ()
 ?column?
----------
        1
(1 row)

> select a, b, grouping(a,b), sum(c), count(*), max(c) from gs group by rollup ((a,b,c),(c,d)) order by 1,2,3,4,5,6
  a   |  b   | grouping | sum | count | max
------+------+----------+-----+-------+-----
    1 |    1 |        0 |   1 |     1 |   1
    1 |    1 |        0 |   1 |     1 |   1
    1 |    1 |        0 |   2 |     1 |   2
    1 |    1 |        0 |   2 |     1 |   2
    1 |    1 |        0 |   2 |     2 |   1
    1 |    2 |        0 |   2 |     1 |   2
    1 |    2 |        0 |   2 |     1 |   2
    2 |    2 |        0 |   2 |     1 |   2
    2 |    2 |        0 |   2 |     1 |   2
 NULL | NULL |        3 |   8 |     5 |   2
(10 rows)

> select a, b, sum(c), count(*) from gs group by grouping sets (rollup(a,b),a) order by 1,2,3,4
  a   |  b   | sum | count
------+------+-----+-------
    1 |    1 |   4 |     3
    1 |    2 |   2 |     1
    1 | NULL |   6 |     4
    1 | NULL |   6 |     4
    2 |    2 |   2 |     1
    2 | NULL |   2 |     1
    2 | NULL |   2 |     1
 NULL | NULL |   8 |     5
(8 rows)

> select a, b, c from (values (1, 2, 3), (4, null, 6), (7, 8, 9)) as t (a, b, c) group by all rollup(a, b), rollup(a, c) order by a, b, c
  a   |  b   |  c
------+------+------
    1 |    2 |    3
    1 |    2 | NULL
    1 |    2 | NULL
    1 | NULL |    3
    1 | NULL |    3
    1 | NULL | NULL
    1 | NULL | NULL
    1 | NULL | NULL
    4 | NULL |    6
    4 | NULL |    6
    4 | NULL |    6
    4 | NULL | NULL
    4 | NULL | NULL
    4 | NULL | NULL
    4 | NULL | NULL
    4 | NULL | NULL
    7 |    8 |    9
    7 |    8 | NULL
    7 |    8 | NULL
    7 | NULL |    9
    7 | NULL |    9
    7 | NULL | NULL
    7 | NULL | NULL
    7 | NULL | NULL
 NULL | NULL | NULL
(25 rows)

> select a, b, c from (values (1, 2, 3), (4, null, 6), (7, 8, 9)) as t (a, b, c) group by distinct rollup(a, b), rollup(a, c) order by a, b, c
  a   |  b   |  c
------+------+------
    1 |    2 |    3
    1 |    2 | NULL
    1 | NULL |    3
    1 | NULL | NULL
    4 | NULL |    6
    4 | NULL |    6
    4 | NULL | NULL
    4 | NULL | NULL
    7 |    8 |    9
    7 |    8 | NULL
    7 | NULL |    9
    7 | NULL | NULL
 NULL | NULL | NULL
(13 rows)

> select a, count(*) from gs group by distinct a order by 1
 a | count
---+-------
 1 |     4
 2 |     1
(2 rows)

> select a, b from gs group by (a, b) order by 1,2
 a | b
---+---
 1 | 1
 1 | 2
 2 | 2
(3 rows)

> select a, b, count(*) from gs group by a, (b) order by 1,2
 a | b | count
---+---+-------
 1 | 1 |     3
 1 | 2 |     1
 2 | 2 |     1
(3 rows)

> select row(a,b), count(*) from gs group by row(a,b) order by 1
  row  | count
-------+-------
 (1,1) |     3
 (1,2) |     1
 (2,2) |     1
(3 rows)

> select a, b, sum(c) from gs group by cube(a,b) order by a,b,3
  a   |  b   | sum
------+------+-----
    1 |    1 |   4
    1 |    2 |   2
    1 | NULL |   6
    2 |    2 |   2
    2 | NULL |   2
 NULL |    1 |   4
 NULL |    2 |   4
 NULL | NULL |   8
(8 rows)

> select a, b, sum(c), sum(sum(c)) over (order by a,b) from gs group by rollup(a,b) order by a,b,3
  a   |  b   | sum | sum
------+------+-----+-----
    1 |    1 |   4 |   4
    1 |    2 |   2 |   6
    1 | NULL |   6 |  12
    2 |    2 |   2 |  14
    2 | NULL |   2 |  16
 NULL | NULL |   8 |  24
(6 rows)

> select a+1, b, count(*) from gs group by rollup(a+1, b) order by 1,2,3
 ?column? |  b   | count
----------+------+-------
        2 |    1 |     3
        2 |    2 |     1
        2 | NULL |     4
        3 |    2 |     1
        3 | NULL |     1
     NULL | NULL |     5
(6 rows)

> select a, grouping(a), count(*) from gs group by grouping sets (a, ()) having grouping(a) = 1
  a   | grouping | count
------+----------+-------
 NULL |        1 |     5
(1 row)

> select a, count(*) from gs group by a, rollup(b) order by 1,2
 a | count
---+-------
 1 |     1
 1 |     3
 1 |     4
 2 |     1
 2 |     1
(5 rows)

> select v.c, (select count(*) from gs group by () having v.c) from (values (false),(true)) v(c) order by v.c
 c | count
---+-------
 f |  NULL
 t |     5
(2 rows)

> select(select (select grouping(a,b) from (values (1)) v2(c)) from (values (1,2)) v1(a,b) group by (a,b)) from (values(6,7)) v3(e,f) GROUP BY ROLLUP(e,f)
 grouping
----------
        0
        0
        0
(3 rows)

> select a, sum(b) from gs group by cube(a,b,c,d,a,b,c,d,a,b,c,d,a)
ERROR 54011: CUBE is limited to 12 elements

> select a as group_by_x, b as "distinct" from gs group by 1, 2 order by 1,2
 group_by_x | distinct
------------+----------
          1 |        1
          1 |        2
          2 |        2
(3 rows)

> select count(distinct a), a from gs group by rollup(a) order by a
 count |  a
-------+------
     1 |    1
     1 |    2
     2 | NULL
(3 rows)

> select array_agg(a order by b) filter (where a > 1) from gs group by rollup(c) order by 1
 array_agg
-----------
 {2}
 {2}
 NULL
(3 rows)

> select to_jsonb(a), count(*) from gs group by rollup(to_jsonb(a)) order by 1,2
 to_jsonb | count
----------+-------
 1        |     4
 2        |     1
 NULL     |     5
(3 rows)

> prepare p as select a, sum(c) from gs where a > $1 group by rollup(a) order by 1
PREPARE

> execute p(0)
  a   | sum
------+-----
    1 |   6
    2 |   2
 NULL |   8
(3 rows)
