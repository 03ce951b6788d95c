# Joins within joins without parentheses, names for what USING joins by, and names for columns of joins. PostgreSQL's answers.

> create temp table a (i int, j int)
CREATE TABLE

> create temp table b (i int, k int)
CREATE TABLE

> create temp table c (i int, j int, l text)
CREATE TABLE

> insert into a values (1,1),(2,2),(3,null),(null,4)
INSERT 0 4

> insert into b values (1,10),(2,20),(5,50),(null,60)
INSERT 0 4

> insert into c values (1,1,'x'),(2,5,'y'),(9,9,'z')
INSERT 0 3

> select * from a left join b join c on b.i = c.i on a.i = b.i order by 1,2
  i   |  j   |  i   |  k   |  i   |  j   |  l
------+------+------+------+------+------+------
    1 |    1 |    1 |   10 |    1 |    1 | x
    2 |    2 |    2 |   20 |    2 |    5 | y
    3 | NULL | NULL | NULL | NULL | NULL | NULL
 NULL |    4 | NULL | NULL | NULL | NULL | NULL
(4 rows)

> select * from a left join b right join c using (i) on a.i = c.i order by 1,2,3
  i   |  j   |  i   |  k   |  j   |  l
------+------+------+------+------+------
    1 |    1 |    1 |   10 |    1 | x
    2 |    2 |    2 |   20 |    5 | y
    3 | NULL | NULL | NULL | NULL | NULL
 NULL |    4 | NULL | NULL | NULL | NULL
(4 rows)

> select * from a join b using (i) as x order by 1
 i | j | k
---+---+----
 1 | 1 | 10
 2 | 2 | 20
(2 rows)

> select x.j from a join b using (i) as x
ERROR 42703: column x.j does not exist
LINE 1: select x.j from a join b using (i) as x
               ^

> select x.k from a join b using (i) as x
ERROR 42703: column x.k does not exist
LINE 1: select x.k from a join b using (i) as x
               ^

> select i, x.i from a left join b using (i) as x join c using (i) as y where x.i = y.i order by 1
 i | i
---+---
 1 | 1
 2 | 2
(2 rows)

> select x from a join b using (i) as x order by 1
  x
-----
 (1)
 (2)
(2 rows)

> select row_to_json(x), row(x.*), to_json(x.*) from a join b using (i) as x order by a.i
 row_to_json | row | to_json
-------------+-----+---------
 {"i":1}     | (1) | {"i":1}
 {"i":2}     | (2) | {"i":2}
(2 rows)

> select count(x), count(x.*) from a left join b using (i) as x
 count | count
-------+-------
     4 |     4
(1 row)

> select * from (a join b using (i) as x) as y where x.i = 1
ERROR 42P01: missing FROM-clause entry for table "x"
LINE 1: select * from (a join b using (i) as x) as y where x.i = 1
                                                           ^

> select * from (a join b using (i) as x) as y where y.i = 1
 i | j | k
---+---+----
 1 | 1 | 10
(1 row)

> select * from a join b using (i) as a where a.i = 1
ERROR 42712: table name "a" specified more than once
LINE 1: select * from a join b using (i) as a where a.i = 1
                                       ^

> select * from a join b using (i) as b1, c as b1
ERROR 42712: table name "b1" specified more than once

> select * from a join c using (i, j) as x where x.j = 1
 i | j | l
---+---+---
 1 | 1 | x
(1 row)

> select * from a join b using (i) as x where exists (select 1 from c where c.i = x.i)
 i | j | k
---+---+----
 1 | 1 | 10
 2 | 2 | 20
(2 rows)

> select * from a join b using (i) as x, lateral (select x.i + 1 as n) s order by 1
 i | j | k  | n
---+---+----+---
 1 | 1 | 10 | 2
 2 | 2 | 20 | 3
(2 rows)

> select j.* from (a join b on a.i = b.i) as j (p, q) order by 1
 p | q | i | k
---+---+---+----
 1 | 1 | 1 | 10
 2 | 2 | 2 | 20
(2 rows)

> select p, q, i, k from (a join b on a.i = b.i) as j (p, q) order by 1
 p | q | i | k
---+---+---+----
 1 | 1 | 1 | 10
 2 | 2 | 2 | 20
(2 rows)

> select * from (a left join b using (i)) as j (x, y) where x < 3 order by x
 x | y | k
---+---+----
 1 | 1 | 10
 2 | 2 | 20
(2 rows)

> select * from (a cross join b) as j (p, q, r) where p = 1 and r = 5
 p | q | r | k
---+---+---+----
 1 | 1 | 5 | 50
(1 row)

> select * from a natural join b join c using (i) order by 1
 i | j | k  | j | l
---+---+----+---+---
 1 | 1 | 10 | 1 | x
 2 | 2 | 20 | 5 | y
(2 rows)

> select * from a join b natural join c on a.i = b.i order by 1
 i | j | i | k  | j | l
---+---+---+----+---+---
 1 | 1 | 1 | 10 | 1 | x
 2 | 2 | 2 | 20 | 5 | y
(2 rows)

> select * from a join b cross join c on a.i = c.i and b.i = c.i order by 1
 i | j | i | k  | i | j | l
---+---+---+----+---+---+---
 1 | 1 | 1 | 10 | 1 | 1 | x
 2 | 2 | 2 | 20 | 2 | 5 | y
(2 rows)

> select * from a join (b join c on true) on a.i = b.i and c.i = 1 order by 1
 i | j | i | k  | i | j | l
---+---+---+----+---+---+---
 1 | 1 | 1 | 10 | 1 | 1 | x
 2 | 2 | 2 | 20 | 1 | 1 | x
(2 rows)

> select * from a x left join b y left join c z on y.i = z.i on x.i = y.i and z.l = 'x' order by 1,2
  i   |  j   |  i   |  k   |  i   |  j   |  l
------+------+------+------+------+------+------
    1 |    1 |    1 |   10 |    1 |    1 | x
    2 |    2 | NULL | NULL | NULL | NULL | NULL
    3 | NULL | NULL | NULL | NULL | NULL | NULL
 NULL |    4 | NULL | NULL | NULL | NULL | NULL
(4 rows)

> select count(*) from a join b
ERROR 42601: syntax error at end of input
LINE 1: select count(*) from a join b
                                     ^

> select count(*) from a left join b left join c on b.i = c.i
ERROR 42601: syntax error at end of input
LINE 1: select count(*) from a left join b left join c on b.i = c.i
                                                                   ^

> select * from a inner join b inner join c using (i) using (i)
 i | j | k  | j | l
---+---+----+---+---
 1 | 1 | 10 | 1 | x
 2 | 2 | 20 | 5 | y
(2 rows)

> select x.i from a join b using (i) as x group by x.i order by x.i
 i
---
 1
 2
(2 rows)

> create view v1 as select x.i, k from a join b using (i) as x
NOTICE: view "v1" will be a temporary view
CREATE VIEW

> select * from v1 order by 1
 i | k
---+----
 1 | 10
 2 | 20
(2 rows)
