# Correlated subqueries of any form, computed once for each combination of the outer values that they name.

> create table t (id int primary key, a int, o int)
CREATE TABLE

> insert into t values (1, 1, 10), (2, 5, NULL), (3, NULL, 30), (4, 5, 10), (5, 7, 20)
INSERT 0 5

> create table u (k int primary key, n int, o int, j jsonb)
CREATE TABLE

> insert into u values (1,1,10,'{"a":1}'),(2,NULL,10,'[1]'),(3,5,30,NULL),(4,7,NULL,'"s"'),(5,5,20,'{"a":1}')
INSERT 0 5

> create table v (k int primary key, m int, t_id int)
CREATE TABLE

> insert into v values (1,1,1),(2,2,1),(3,3,2),(4,NULL,4)
INSERT 0 4

> create table e (k int primary key, n int)
CREATE TABLE

> select id, a not in (select t.o from u), a in (select t.a from u), a in (select t.a from e) from t order by id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | t        | t        | f
  2 | NULL     | t        | f
  3 | NULL     | NULL     | f
  4 | t        | t        | f
  5 | t        | t        | f
(5 rows)

> select id from t where exists (select 1 from u where t.a > 3) order by id
 id
----
  2
  4
  5
(3 rows)

> select id from t where not exists (select 1 from u where t.a > 3) order by id
 id
----
  1
  3
(2 rows)

> select id from t where exists (select 1 from e where t.a > 3) order by id
 id
----
(0 rows)

> select id, (select t.a + max(u.k) from u) from t order by id
 id | ?column?
----+----------
  1 |        6
  2 |       10
  3 |     NULL
  4 |       10
  5 |       12
(5 rows)

> select id, (select t.a + max(u.k) from u where u.o = t.o) from t order by id
 id | ?column?
----+----------
  1 |        3
  2 |     NULL
  3 |     NULL
  4 |        7
  5 |       12
(5 rows)

> select id, (select count(*) from u where u.n > t.a) from t order by id
 id | count
----+-------
  1 |     3
  2 |     1
  3 |     0
  4 |     1
  5 |     0
(5 rows)

> select id, (select count(*) + t.id from u where u.n > t.a) from t order by id
 id | ?column?
----+----------
  1 |        4
  2 |        3
  3 |        3
  4 |        5
  5 |        5
(5 rows)

> select id, (select k from u where u.n > t.a order by k limit 1) from t order by id
 id |  k
----+------
  1 |    3
  2 |    4
  3 | NULL
  4 |    4
  5 | NULL
(5 rows)

> select id, (select k from u where u.n > t.a order by k desc limit 1 offset 1) from t order by id
 id |  k
----+------
  1 |    4
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select id, (select k from u where u.n > t.a order by k desc limit 1 offset t.id - 1) from t order by id
 id |  k
----+------
  1 |    5
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select id, (select k from u where u.o = t.o) from t order by id
ERROR 21000: more than one row returned by a subquery used as an expression

> select id, (select k from u where u.o = t.o) from t where id = 3 order by id
 id | k
----+---
  3 | 3
(1 row)

> select id, case when id = 3 then (select k from u where u.o = t.o) end from t order by id
 id | case
----+------
  1 | NULL
  2 | NULL
  3 |    3
  4 | NULL
  5 | NULL
(5 rows)

> select id, case when id = 3 then (select k from u where u.n < t.a + 1) end from t order by id
 id | case
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select id, case when id = 3 then (select k from u where u.o <> t.o) end from t order by id
ERROR 21000: more than one row returned by a subquery used as an expression

> select id from t where id = 3 and (select k from u where u.o = t.o) = 3
 id
----
  3
(1 row)

> select id from t where id = 5 and (select k from u where u.o >= t.o and u.o <= t.o) = 5
 id
----
  5
(1 row)

> select id, (select (select max(v.m) from v where v.t_id = t.id and v.k <> u.k) from u where u.k = t.id) from t order by id
 id | max
----+------
  1 |    2
  2 |    3
  3 | NULL
  4 | NULL
  5 | NULL
(5 rows)

> select id, (select count(*) from u where exists (select 1 from v where v.t_id = t.id and v.m = u.k)) from t order by id
 id | count
----+-------
  1 |     2
  2 |     1
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, (select count(*) from u where u.k in (select v.m from v where v.t_id = t.id)) from t order by id
 id | count
----+-------
  1 |     2
  2 |     1
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, (select count(*) from u where u.k not in (select v.m from v where v.t_id = t.id)) from t order by id
 id | count
----+-------
  1 |     3
  2 |     4
  3 |     5
  4 |     0
  5 |     5
(5 rows)

> select id from t where a in (select n from u where u.o = t.o limit 1) order by id
 id
----
  1
(1 row)

> select id from t where a in (select n from u where u.o = t.o order by n desc limit 1) order by id
 id
----
(0 rows)

> select id, a in (select n from u where u.o = t.o order by n desc limit 2 offset 1) from t order by id
 id | ?column?
----+----------
  1 | t
  2 | f
  3 | f
  4 | f
  5 | f
(5 rows)

> select id from t where a = any (select n + t.id - t.id from u) order by id
 id
----
  1
  2
  4
  5
(4 rows)

> select id, a > all (select n from u where u.k < t.id), a < any (select n from u where u.k < t.id), a >= all (select t.o from u) from t order by id
 id | ?column? | ?column? | ?column?
----+----------+----------+----------
  1 | t        | f        | f
  2 | t        | f        | NULL
  3 | NULL     | NULL     | NULL
  4 | f        | NULL     | f
  5 | f        | NULL     | f
(5 rows)

> select id, (select max(x) from (select t.a + u.n as x from u where u.k > t.id) s) from t order by id
 id | max
----+------
  1 |    8
  2 |   12
  3 | NULL
  4 |   10
  5 | NULL
(5 rows)

> select id, (select sum(c) from (select u.o, count(*) c from u where u.k >= t.id group by u.o) s) from t order by id
 id | sum
----+-----
  1 |   5
  2 |   4
  3 |   3
  4 |   2
  5 |   1
(5 rows)

> select id, (select count(*) from (select u.o from u where u.k >= t.id group by u.o having count(*) > 1) s) from t order by id
 id | count
----+-------
  1 |     1
  2 |     0
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, exists (select u.o from u where u.k >= t.id group by u.o having count(*) > 1) from t order by id
 id | exists
----+--------
  1 | t
  2 | f
  3 | f
  4 | f
  5 | f
(5 rows)

> select id, exists (select count(*) from u where u.k >= t.id having count(*) > 2) from t order by id
 id | exists
----+--------
  1 | t
  2 | t
  3 | t
  4 | f
  5 | f
(5 rows)

> select id from t where exists (select 1 from (select count(*) c from u where u.o = t.o) s where s.c = 0) order by id
 id
----
  2
(1 row)

> select id, (select string_agg(k::text, ',' order by k) from u where u.n >= t.a) from t order by id
 id | string_agg
----+------------
  1 | 1,3,4,5
  2 | 3,4,5
  3 | NULL
  4 | 3,4,5
  5 | 4
(5 rows)

> select id, (select count(distinct n) from u where u.n >= t.a or t.a is null) from t order by id
 id | count
----+-------
  1 |     3
  2 |     2
  3 |     3
  4 |     2
  5 |     1
(5 rows)

> select id, (select n from u where u.k = t.id union select o from u where u.k = t.id and t.a is null) from t where id <> 3 order by id
 id |  n
----+------
  1 |    1
  2 | NULL
  4 |    7
  5 |    5
(4 rows)

> select id, (select count(*) from (select n from u where u.k = t.id union all select t.a from u) s) from t order by id
 id | count
----+-------
  1 |     6
  2 |     6
  3 |     6
  4 |     6
  5 |     6
(5 rows)

> select id, (select count(*) from (select n from u except select t.a from e union select t.a) s) from t order by id
 id | count
----+-------
  1 |     4
  2 |     4
  3 |     4
  4 |     4
  5 |     4
(5 rows)

> select id, (select count(*) from (select n from u except select t.a) s) from t order by id
 id | count
----+-------
  1 |     3
  2 |     3
  3 |     3
  4 |     3
  5 |     3
(5 rows)

> select id, (select count(*) from (select n from u intersect select t.a) s) from t order by id
 id | count
----+-------
  1 |     1
  2 |     1
  3 |     1
  4 |     1
  5 |     1
(5 rows)

> select id, (select t.a) from t order by id
 id |  a
----+------
  1 |    1
  2 |    5
  3 | NULL
  4 |    5
  5 |    7
(5 rows)

> select id, a in (select t.a) from t order by id
 id | ?column?
----+----------
  1 | t
  2 | t
  3 | NULL
  4 | t
  5 | t
(5 rows)

> select id, a in (values (t.a), (3)) from t order by id
 id | ?column?
----+----------
  1 | t
  2 | t
  3 | NULL
  4 | t
  5 | t
(5 rows)

> select id, a in (values (1), (5)) from t order by id
 id | ?column?
----+----------
  1 | t
  2 | t
  3 | NULL
  4 | t
  5 | f
(5 rows)

> select id from t where a in (values (1), (5)) order by id
 id
----
  1
  2
  4
(3 rows)

> select id from t where a not in (values (1), (7)) order by id
 id
----
  2
  4
(2 rows)

> select id from t where a = any (values (1), (5)) order by id
 id
----
  1
  2
  4
(3 rows)

> select id from t where a <> all (values (1), (5)) order by id
 id
----
  5
(1 row)

> select id from t where (a, o) in (values (1, 10), (5, 10)) order by id
 id
----
  1
  4
(2 rows)

> select id from t where (a, o) not in (values (1, 10), (5, 10)) order by id
 id
----
  3
  5
(2 rows)

> select id from t where (a, o) in (select n, o from u) order by id
 id
----
  1
(1 row)

> select id, (a, o) in (select n, t.o from u where u.k > t.id) from t order by id
 id | ?column?
----+----------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | t
  5 | f
(5 rows)

> select id, (select max(row_number) from (select row_number() over (order by k) from u where u.o = t.o) s) from t order by id
 id | max
----+------
  1 |    2
  2 | NULL
  3 |    1
  4 |    2
  5 |    1
(5 rows)

> select id, a in (select row_number() over (order by k desc) from u where u.k >= t.id) from t order by id
 id | ?column?
----+----------
  1 | t
  2 | f
  3 | NULL
  4 | f
  5 | f
(5 rows)

> select id from t where a in (select row_number() over (order by k) from u where u.o = t.o) order by id
 id
----
  1
(1 row)

> select id, (select count(v.m) from u left join v on v.k = u.k and v.t_id = t.id where u.k <= t.id) from t order by id
 id | count
----+-------
  1 |     1
  2 |     0
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, (select count(s.m) from u left join (select * from v where v.t_id = t.id) s on s.k = u.k) from t order by id
 id | count
----+-------
  1 |     2
  2 |     1
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, (select count(*) from u left join (select * from v where v.t_id = t.id) s on s.k = u.k where u.o = t.o) from t order by id
 id | count
----+-------
  1 |     2
  2 |     0
  3 |     1
  4 |     2
  5 |     1
(5 rows)

> select id from t where exists (select 1 from u left join (select * from v where v.t_id = t.id) s on s.k = u.k where s.k is null and u.k < 4) order by id
 id
----
  1
  2
  3
  4
  5
(5 rows)

> select id, (select count(*) from u full join (select * from v where v.t_id = t.id) s on s.k = u.k) from t order by id
 id | count
----+-------
  1 |     5
  2 |     5
  3 |     5
  4 |     5
  5 |     5
(5 rows)

> select id, (select count(*) from (select * from v where v.t_id = t.id) s right join u on s.k = u.k) from t order by id
 id | count
----+-------
  1 |     5
  2 |     5
  3 |     5
  4 |     5
  5 |     5
(5 rows)

> select u.k, (select count(*) from t where u.j is not null and t.id <= u.k), u.j in (select u.j from t) from u order by k
 k | count | ?column?
---+-------+----------
 1 |     1 | t
 2 |     2 | t
 3 |     0 | NULL
 4 |     4 | t
 5 |     5 | t
(5 rows)

> select sum((select count(*) from u where u.n > t.a)) from t
 sum
-----
   5
(1 row)

> select a, sum((select count(*) from u where u.n > t.a)) from t group by a order by a
  a   | sum
------+-----
    1 |   3
    5 |   2
    7 |   0
 NULL |   0
(4 rows)

> select a, (select count(*) from u where u.n > t.a) from t group by a order by a
  a   | count
------+-------
    1 |     3
    5 |     1
    7 |     0
 NULL |     0
(4 rows)

> select a, count(*) from t group by a having (select count(*) from u where u.n > t.a) > 1 order by a
 a | count
---+-------
 1 |     1
(1 row)

> select id from t order by (select count(*) from u where u.n > t.a), id
 id
----
  3
  5
  2
  4
  1
(5 rows)

> select id, rank() over (order by (select count(*) from u where u.n > t.a)) from t order by id
 id | rank
----+------
  1 |    5
  2 |    3
  3 |    1
  4 |    3
  5 |    1
(5 rows)

> select t.id, u.k from t left join u on u.k = t.id and exists (select 1 from v where v.t_id < u.k) order by t.id
 id |  k
----+------
  1 | NULL
  2 |    2
  3 |    3
  4 |    4
  5 |    5
(5 rows)

> select t.id, u.k from t join u on u.k = t.id and (select count(*) from v where v.t_id < u.k + t.id) > 2 order by t.id
 id | k
----+---
  2 | 2
  3 | 3
  4 | 4
  5 | 5
(4 rows)

> select distinct on (a) a, (select count(*) from u where u.n > t.a) from t order by a, id
  a   | count
------+-------
    1 |     3
    5 |     1
    7 |     0
 NULL |     0
(4 rows)

> select distinct a, (select count(*) from u where u.n > t.a) from t order by a
  a   | count
------+-------
    1 |     3
    5 |     1
    7 |     0
 NULL |     0
(4 rows)

> select id, array(select k from u where u.n > t.a order by k desc) from t order by id
 id |  array
----+---------
  1 | {5,4,3}
  2 | {4}
  3 | {}
  4 | {4}
  5 | {}
(5 rows)

> select id, array(select k from u where u.n > t.a order by k desc limit 2) from t order by id
 id | array
----+-------
  1 | {5,4}
  2 | {4}
  3 | {}
  4 | {4}
  5 | {}
(5 rows)

> select x, (select count(*) from u where u.n > s.x) from (select a as x from t order by id limit 3) s order by x
  x   | count
------+-------
    1 |     3
    5 |     1
 NULL |     0
(3 rows)

> select id, (select count(*) from generate_series(1, t.a) g where g > 2) from t order by id
 id | count
----+-------
  1 |     0
  2 |     3
  3 |     0
  4 |     3
  5 |     5
(5 rows)

> select id, (select j->>'a' from u where u.k = t.id and t.a > 0) from t order by id
 id | ?column?
----+----------
  1 | 1
  2 | NULL
  3 | NULL
  4 | NULL
  5 | 1
(5 rows)

> select id, (select j from u where u.k = t.id and t.a > 0) from t order by id
 id |    j
----+----------
  1 | {"a": 1}
  2 | [1]
  3 | NULL
  4 | "s"
  5 | {"a": 1}
(5 rows)

> select id from t where not (a in (select n from u where u.k > t.id)) order by id
 id
----
  5
(1 row)

> select id from t where not exists (select 1 from u where u.n = t.a) and a is not null order by id
 id
----
(0 rows)

> select id from t where a > (select avg(a) from t t2 where t2.o = t.o) order by id
 id
----
  4
(1 row)

> select t.id, t2.id from t join t t2 on t2.id = (select min(t3.id) from t t3 where t3.a > t.a) order by 1
 id | id
----+----
  1 |  2
  2 |  5
  4 |  5
(3 rows)

> select id, (select max(id) from t t2 where t2.id < t.id and exists (select 1 from u where u.k = t2.id and u.o = t.o)) from t order by id
 id | max
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 |    2
  5 | NULL
(5 rows)

> select id, (select (select (select t.a + u.k + u2.k) from u u2 where u2.k = t.id) from u where u.k = t.id) from t order by id
 id | ?column?
----+----------
  1 |        3
  2 |        9
  3 |     NULL
  4 |       13
  5 |       17
(5 rows)

> select id, (select count(*) from u where u.k in (select k from u u2 where u2.o = t.o and u2.k <= u.k)) from t order by id
 id | count
----+-------
  1 |     2
  2 |     0
  3 |     1
  4 |     2
  5 |     1
(5 rows)

> select id, (select count(*) from u where (u.n, u.o) in (select t.a, t.o)) from t order by id
 id | count
----+-------
  1 |     1
  2 |     0
  3 |     0
  4 |     0
  5 |     0
(5 rows)

> select id, exists (select 1 from u where u.o = t.o union all select 1 from u where u.n = t.a) from t order by id
 id | exists
----+--------
  1 | t
  2 | t
  3 | t
  4 | t
  5 | t
(5 rows)

> select id, (select n from u where u.k = t.id and t.a / (t.id - 3) > 0) from t where id <> 3 order by id
 id |  n
----+------
  1 | NULL
  2 | NULL
  4 |    7
  5 |    5
(4 rows)

> select id, case when id <> 3 then (select count(*) from u where u.k > t.a / (t.id - 3)) end from t where id <> 3 order by id
 id | case
----+------
  1 |    5
  2 |    5
  4 |    0
  5 |    2
(4 rows)

> select id, coalesce((select n from u where u.k = t.id), (select max(n) from u where u.o <> t.o)) from t order by id
 id | coalesce
----+----------
  1 |        1
  2 |     NULL
  3 |        5
  4 |        7
  5 |        5
(5 rows)

> select o, (select string_agg(k::text, ',' order by k) from u where u.o is not distinct from t.o) from t group by o order by o
  o   | string_agg
------+------------
   10 | 1,2
   20 | 5
   30 | 3
 NULL | 4
(4 rows)

> select (select count(*) from u where u.k > x.id) c, count(*) from t x group by 1 order by 1
 c | count
---+-------
 0 |     1
 1 |     1
 2 |     1
 3 |     1
 4 |     1
(5 rows)

> select count(*) filter (where exists (select 1 from u where u.n > t.a)) from t
 count
-------
     3
(1 row)

> select id, sum(a) over (partition by (select count(*) from u where u.n > t.a) order by id) from t order by id
 id | sum
----+------
  1 |    1
  2 |    5
  3 | NULL
  4 |   10
  5 |    7
(5 rows)

> select id from t where id in (select t.id from u where u.n = t.a group by t.id having count(*) > 1) order by id
 id
----
  2
  4
(2 rows)

> select id from t where (select count(*) from u where u.o = t.o) = 2 and (select max(n) from u where u.k <> t.id) > 5 order by id
 id
----
  1
(1 row)

> select id, (select a from (select t.a, 1 as z union all select u.n, 2 from u where u.k = t.id) q order by z desc, a limit 1) from t order by id
 id |  a
----+------
  1 |    1
  2 | NULL
  3 |    5
  4 |    7
  5 |    5
(5 rows)

> select id, (select sum(x) from (select distinct u.o as x from u where u.k <> t.id) q) from t order by id
 id | sum
----+-----
  1 |  60
  2 |  60
  3 |  30
  4 |  60
  5 |  40
(5 rows)

> select id, (select k from u where u.o = t.o order by n desc nulls last, k limit 1) from t order by id
 id |  k
----+------
  1 |    1
  2 | NULL
  3 |    3
  4 |    1
  5 |    5
(5 rows)

> select id, (select q.a from (select t.a, 1 as z union all select u.n, 2 from u where u.k = t.id) q order by z desc limit 1) from t order by id
 id |  a
----+------
  1 |    1
  2 | NULL
  3 |    5
  4 |    7
  5 |    5
(5 rows)

> update t set o = (select max(k) from u where u.k < t.id and t.a > 0) where id in (select t.id from u where t.id > 3)
UPDATE 2

> select * from t order by id
 id |  a   |  o
----+------+------
  1 |    1 |   10
  2 |    5 | NULL
  3 | NULL |   30
  4 |    5 |    3
  5 |    7 |    4
(5 rows)

> delete from t where a not in (select t.o from u where u.k <> t.id)
DELETE 3

> select * from t order by id
 id |  a   |  o
----+------+------
  2 |    5 | NULL
  3 | NULL |   30
(2 rows)

> with c as (select id, a from t) select id, (select count(*) from c c2 where c2.id < c.id) from c order by id
 id | count
----+-------
  2 |     0
  3 |     1
(2 rows)

> select id, (select count(*) from t t2 where t2.a > (select min(n) from u where u.o > t.o and u.k <> t2.id)) from t order by id
 id | count
----+-------
  2 |     0
  3 |     0
(2 rows)

> select id, exists (select 1 from u where u.o = t.o limit 0), exists (select 1 from u where u.o = t.o offset 1), exists (select 1 from u where u.o = t.o limit 1) from t order by id
 id | exists | exists | exists
----+--------+--------+--------
  2 | f      | f      | f
  3 | f      | f      | t
(2 rows)

> select id from t where exists (select 1 from u where u.o = t.o offset 1) order by id
 id
----
(0 rows)

> select id from t where not exists (select 1 from u where u.o = t.o limit 0) order by id
 id
----
  2
  3
(2 rows)

# A condition of a column of the outer query on itself asks whether it is NULL.

> CREATE TABLE reflexive (id int PRIMARY KEY, n int)
CREATE TABLE

> INSERT INTO reflexive VALUES (1, NULL), (2, 5)
INSERT 0 2

> SELECT r.id FROM reflexive r WHERE EXISTS (SELECT 0 FROM reflexive s WHERE r.n IN (r.n)) ORDER BY id
 id
----
  2
(1 row)

> SELECT r.id FROM reflexive r WHERE 1 NOT IN (SELECT 1 FROM reflexive s WHERE r.n = r.n) ORDER BY id
 id
----
  1
(1 row)

> SELECT r.id, (SELECT count(*) FROM reflexive s WHERE r.n = r.n AND s.id > 1), NOT EXISTS (SELECT 1 FROM reflexive s WHERE r.n IN (r.n)) AS no FROM reflexive r ORDER BY id
 id | count | no
----+-------+----
  1 |     0 | t
  2 |     1 | f
(2 rows)

# Two relations of one subquery whose columns have the same name.

> CREATE TABLE pair (k int, m int); CREATE TABLE one (k int)
CREATE TABLE
CREATE TABLE

> INSERT INTO pair VALUES (1, 2), (1, NULL); INSERT INTO one VALUES (1), (2)
INSERT 0 2
INSERT 0 2

> SELECT k, m FROM pair WHERE EXISTS (SELECT 1 FROM one p, one q WHERE p.k = pair.k AND q.k = pair.m)
 k | m
---+---
 1 | 2
(1 row)

> SELECT k, m, (SELECT count(*) FROM one p, one q WHERE p.k = pair.k AND q.k = pair.m), (SELECT count(*) FROM one p, one q WHERE p.k = pair.k AND q.k = pair.k) AS both FROM pair ORDER BY m
 k |  m   | count | both
---+------+-------+------
 1 |    2 |     1 |    1
 1 | NULL |     0 |    1
(2 rows)

> DELETE FROM pair WHERE m = 2 AND NOT EXISTS (SELECT 1 FROM one p, one q WHERE p.k = pair.k AND q.k = pair.m) RETURNING k
 k
---
(0 rows)
DELETE 0

# NULL equals NULL where a subquery is joined back, and nowhere else.

> SELECT k, m FROM pair WHERE m = (SELECT max(k) FROM one WHERE one.k > pair.k + 5)
 k | m
---+---
(0 rows)

> SELECT a.k, a.m FROM (pair a JOIN pair b ON a.m IS NOT DISTINCT FROM b.m) JOIN pair c ON a.k = c.k WHERE a.m = c.m ORDER BY 1
 k | m
---+---
 1 | 2
(1 row)

> SELECT a.m FROM pair a JOIN pair b ON a.m IS NOT DISTINCT FROM b.m ORDER BY 1
  m
------
    2
 NULL
(2 rows)

# An order inside that names nothing outside.

> CREATE TABLE seven (g int)
CREATE TABLE

> INSERT INTO seven SELECT g FROM generate_series(1, 7) g
INSERT 0 7

> SELECT o.k, ARRAY(SELECT g FROM (SELECT g FROM seven ORDER BY g DESC) d WHERE g <> o.k LIMIT 3) AS last, (SELECT g FROM seven ORDER BY g LIMIT 1 OFFSET o.k + 1) AS next FROM one o ORDER BY 1
 k |  last   | next
---+---------+------
 1 | {7,6,5} |    3
 2 | {7,6,5} |    4
(2 rows)

# Aggregates of the outer query stand in its subqueries.

> CREATE TABLE oa (id int PRIMARY KEY, k int, s text)
CREATE TABLE

> INSERT INTO oa VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'b'), (4, NULL, NULL), (5, 3, 'c')
INSERT 0 5

> SELECT (SELECT 1 WHERE sum(oa.k) > 3) AS q FROM oa
 q
---
 1
(1 row)

> SELECT (SELECT sum(oa.k)) AS q FROM oa
 q
---
 7
(1 row)

> SELECT s, (SELECT count(*) FROM oa o WHERE o.k < sum(oa.k)) AS q FROM oa GROUP BY s ORDER BY s
  s   | q
------+---
 a    | 0
 b    | 3
 c    | 3
 NULL | 0
(4 rows)

> SELECT s, (SELECT max(o.k) + min(oa.k) FROM oa o WHERE o.s >= oa.s) AS q, count(*) FROM oa GROUP BY s ORDER BY q, s
  s   |  q   | count
------+------+-------
 a    |    4 |     1
 b    |    4 |     2
 c    |    6 |     1
 NULL | NULL |     1
(4 rows)

> SELECT s FROM oa GROUP BY s HAVING EXISTS (SELECT 1 FROM oa o WHERE o.id = count(oa.id) AND o.s = oa.s) ORDER BY s
 s
---
 a
 b
(2 rows)

> SELECT s || 'x' AS t, (SELECT max(oa.k) FILTER (WHERE oa.k > 1)) AS q FROM oa GROUP BY s || 'x' ORDER BY 1
  t   |  q
------+------
 ax   | NULL
 bx   |    2
 cx   |    3
 NULL | NULL
(4 rows)

> SELECT s, rank() OVER (ORDER BY sum(k), s) AS r, (SELECT count(DISTINCT oa.k)) AS q FROM oa GROUP BY s ORDER BY s
  s   | r | q
------+---+---
 a    | 1 | 1
 b    | 2 | 2
 c    | 3 | 1
 NULL | 4 | 0
(4 rows)

> SELECT (SELECT sum(oa.k + o.k) FROM oa o) AS q FROM oa ORDER BY id
  q
------
   11
   11
   15
 NULL
   19
(5 rows)

> SELECT id FROM oa WHERE (SELECT sum(oa.k)) > 1
ERROR 42803: aggregate functions are not allowed in WHERE
LINE 1: SELECT id FROM oa WHERE (SELECT sum(oa.k)) > 1
                                        ^

> SELECT id, rank() OVER (ORDER BY abs(k - 2), id) AS r FROM oa ORDER BY id
 id | r
----+---
  1 | 2
  2 | 3
  3 | 1
  4 | 5
  5 | 4
(5 rows)

> SELECT array_agg(id ORDER BY abs(k - 2) DESC, id) AS q FROM oa
      q
-------------
 {4,1,2,5,3}
(1 row)

> SELECT id, (SELECT o.id FROM oa o ORDER BY abs(o.k - oa.k), o.id LIMIT 1) AS q FROM oa ORDER BY id
 id | q
----+---
  1 | 1
  2 | 1
  3 | 3
  4 | 1
  5 | 5
(5 rows)

> SELECT id, (SELECT array_agg(o.id ORDER BY abs(o.k - oa.id), o.id) FROM oa o WHERE o.s = oa.s) AS q FROM oa ORDER BY id
 id |   q
----+-------
  1 | {1}
  2 | {3,2}
  3 | {3,2}
  4 | NULL
  5 | {5}
(5 rows)

> SELECT array_agg(DISTINCT abs(k - 2) ORDER BY abs(k - 2)) AS q FROM oa
     q
------------
 {0,1,NULL}
(1 row)

> SELECT sum(id), sum(id::bigint), sum(id::numeric) FROM oa
 sum | sum | sum
-----+-----+-----
  15 |  15 |  15
(1 row)

> SELECT id, sum(k) OVER (PARTITION BY s) AS q, sum(k::float8) OVER (PARTITION BY s) AS r FROM oa ORDER BY id
 id |  q   |  r
----+------+------
  1 |    1 |    1
  2 |    3 |    3
  3 |    3 |    3
  4 | NULL | NULL
  5 |    3 |    3
(5 rows)

> SELECT (SELECT 1 HAVING sum(oa.k) > 3) AS q FROM oa
 q
---
 1
(1 row)

> SELECT 1 AS q FROM oa HAVING 2 > 1
 q
---
 1
(1 row)

> SELECT sum(CASE WHEN k > 0 THEN (SELECT min(oa.k) FROM oa o) END) FROM oa
ERROR 42803: aggregate function calls cannot be nested
LINE 1: SELECT sum(CASE WHEN k > 0 THEN (SELECT min(oa.k) FROM oa o) END) FROM oa
                                                ^

> SELECT 1 FROM oa GROUP BY (SELECT sum(oa.k))
ERROR 42803: aggregate functions are not allowed in GROUP BY
LINE 1: SELECT 1 FROM oa GROUP BY (SELECT sum(oa.k))
                                          ^
