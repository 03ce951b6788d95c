# WITH RECURSIVE: SEARCH and CYCLE, queries that read later ones, and recursion for each row of a query around. PostgreSQL's answers.

> create temp table g (f int, t int, label text)
CREATE TABLE

> insert into g values (1,2,'a'),(1,3,'b'),(2,3,'c'),(1,4,'d'),(4,5,'e'),(5,1,'f')
INSERT 0 6

> with recursive s(f,t,label) as (select * from g union all select g.* from g, s where g.f = s.t and s.t <> 1) search depth first by f,t set seq select * from s order by seq
 f | t | label |            seq
---+---+-------+---------------------------
 1 | 2 | a     | {"(1,2)"}
 2 | 3 | c     | {"(1,2)","(2,3)"}
 1 | 3 | b     | {"(1,3)"}
 1 | 4 | d     | {"(1,4)"}
 4 | 5 | e     | {"(1,4)","(4,5)"}
 5 | 1 | f     | {"(1,4)","(4,5)","(5,1)"}
 2 | 3 | c     | {"(2,3)"}
 4 | 5 | e     | {"(4,5)"}
 5 | 1 | f     | {"(4,5)","(5,1)"}
 5 | 1 | f     | {"(5,1)"}
(10 rows)

> with recursive s(f,t,label) as (select * from g union all select g.* from g, s where g.f = s.t and s.t <> 1) search breadth first by f,t set seq select * from s order by seq
 f | t | label |   seq
---+---+-------+---------
 1 | 2 | a     | (0,1,2)
 1 | 3 | b     | (0,1,3)
 1 | 4 | d     | (0,1,4)
 2 | 3 | c     | (0,2,3)
 4 | 5 | e     | (0,4,5)
 5 | 1 | f     | (0,5,1)
 2 | 3 | c     | (1,2,3)
 4 | 5 | e     | (1,4,5)
 5 | 1 | f     | (1,5,1)
 5 | 1 | f     | (2,5,1)
(10 rows)

> with recursive s(f,t,label) as (select * from g union all select g.* from g, s where g.f = s.t) cycle f, t set is_cycle using path select * from s order by path
 f | t | label | is_cycle |                   path
---+---+-------+----------+-------------------------------------------
 1 | 2 | a     | f        | {"(1,2)"}
 2 | 3 | c     | f        | {"(1,2)","(2,3)"}
 1 | 3 | b     | f        | {"(1,3)"}
 1 | 4 | d     | f        | {"(1,4)"}
 4 | 5 | e     | f        | {"(1,4)","(4,5)"}
 5 | 1 | f     | f        | {"(1,4)","(4,5)","(5,1)"}
 1 | 2 | a     | f        | {"(1,4)","(4,5)","(5,1)","(1,2)"}
 2 | 3 | c     | f        | {"(1,4)","(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | f        | {"(1,4)","(4,5)","(5,1)","(1,3)"}
 1 | 4 | d     | t        | {"(1,4)","(4,5)","(5,1)","(1,4)"}
 2 | 3 | c     | f        | {"(2,3)"}
 4 | 5 | e     | f        | {"(4,5)"}
 5 | 1 | f     | f        | {"(4,5)","(5,1)"}
 1 | 2 | a     | f        | {"(4,5)","(5,1)","(1,2)"}
 2 | 3 | c     | f        | {"(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | f        | {"(4,5)","(5,1)","(1,3)"}
 1 | 4 | d     | f        | {"(4,5)","(5,1)","(1,4)"}
 4 | 5 | e     | t        | {"(4,5)","(5,1)","(1,4)","(4,5)"}
 5 | 1 | f     | f        | {"(5,1)"}
 1 | 2 | a     | f        | {"(5,1)","(1,2)"}
 2 | 3 | c     | f        | {"(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | f        | {"(5,1)","(1,3)"}
 1 | 4 | d     | f        | {"(5,1)","(1,4)"}
 4 | 5 | e     | f        | {"(5,1)","(1,4)","(4,5)"}
 5 | 1 | f     | t        | {"(5,1)","(1,4)","(4,5)","(5,1)"}
(25 rows)

> with recursive s(f,t,label) as (select * from g union distinct select g.* from g, s where g.f = s.t) cycle f, t set is_cycle to 'Y' default 'N' using path select f, t, is_cycle, path from s order by path
 f | t | is_cycle |                   path
---+---+----------+-------------------------------------------
 1 | 2 | N        | {"(1,2)"}
 2 | 3 | N        | {"(1,2)","(2,3)"}
 1 | 3 | N        | {"(1,3)"}
 1 | 4 | N        | {"(1,4)"}
 4 | 5 | N        | {"(1,4)","(4,5)"}
 5 | 1 | N        | {"(1,4)","(4,5)","(5,1)"}
 1 | 2 | N        | {"(1,4)","(4,5)","(5,1)","(1,2)"}
 2 | 3 | N        | {"(1,4)","(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | N        | {"(1,4)","(4,5)","(5,1)","(1,3)"}
 1 | 4 | Y        | {"(1,4)","(4,5)","(5,1)","(1,4)"}
 2 | 3 | N        | {"(2,3)"}
 4 | 5 | N        | {"(4,5)"}
 5 | 1 | N        | {"(4,5)","(5,1)"}
 1 | 2 | N        | {"(4,5)","(5,1)","(1,2)"}
 2 | 3 | N        | {"(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | N        | {"(4,5)","(5,1)","(1,3)"}
 1 | 4 | N        | {"(4,5)","(5,1)","(1,4)"}
 4 | 5 | Y        | {"(4,5)","(5,1)","(1,4)","(4,5)"}
 5 | 1 | N        | {"(5,1)"}
 1 | 2 | N        | {"(5,1)","(1,2)"}
 2 | 3 | N        | {"(5,1)","(1,2)","(2,3)"}
 1 | 3 | N        | {"(5,1)","(1,3)"}
 1 | 4 | N        | {"(5,1)","(1,4)"}
 4 | 5 | N        | {"(5,1)","(1,4)","(4,5)"}
 5 | 1 | Y        | {"(5,1)","(1,4)","(4,5)","(5,1)"}
(25 rows)

> with recursive s(f,t,label) as (select * from g union all select g.* from g, s where g.f = s.t) search depth first by f, t set seq cycle f, t set is_cycle using path select * from s order by seq
 f | t | label |                    seq                    | is_cycle |                   path
---+---+-------+-------------------------------------------+----------+-------------------------------------------
 1 | 2 | a     | {"(1,2)"}                                 | f        | {"(1,2)"}
 2 | 3 | c     | {"(1,2)","(2,3)"}                         | f        | {"(1,2)","(2,3)"}
 1 | 3 | b     | {"(1,3)"}                                 | f        | {"(1,3)"}
 1 | 4 | d     | {"(1,4)"}                                 | f        | {"(1,4)"}
 4 | 5 | e     | {"(1,4)","(4,5)"}                         | f        | {"(1,4)","(4,5)"}
 5 | 1 | f     | {"(1,4)","(4,5)","(5,1)"}                 | f        | {"(1,4)","(4,5)","(5,1)"}
 1 | 2 | a     | {"(1,4)","(4,5)","(5,1)","(1,2)"}         | f        | {"(1,4)","(4,5)","(5,1)","(1,2)"}
 2 | 3 | c     | {"(1,4)","(4,5)","(5,1)","(1,2)","(2,3)"} | f        | {"(1,4)","(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | {"(1,4)","(4,5)","(5,1)","(1,3)"}         | f        | {"(1,4)","(4,5)","(5,1)","(1,3)"}
 1 | 4 | d     | {"(1,4)","(4,5)","(5,1)","(1,4)"}         | t        | {"(1,4)","(4,5)","(5,1)","(1,4)"}
 2 | 3 | c     | {"(2,3)"}                                 | f        | {"(2,3)"}
 4 | 5 | e     | {"(4,5)"}                                 | f        | {"(4,5)"}
 5 | 1 | f     | {"(4,5)","(5,1)"}                         | f        | {"(4,5)","(5,1)"}
 1 | 2 | a     | {"(4,5)","(5,1)","(1,2)"}                 | f        | {"(4,5)","(5,1)","(1,2)"}
 2 | 3 | c     | {"(4,5)","(5,1)","(1,2)","(2,3)"}         | f        | {"(4,5)","(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | {"(4,5)","(5,1)","(1,3)"}                 | f        | {"(4,5)","(5,1)","(1,3)"}
 1 | 4 | d     | {"(4,5)","(5,1)","(1,4)"}                 | f        | {"(4,5)","(5,1)","(1,4)"}
 4 | 5 | e     | {"(4,5)","(5,1)","(1,4)","(4,5)"}         | t        | {"(4,5)","(5,1)","(1,4)","(4,5)"}
 5 | 1 | f     | {"(5,1)"}                                 | f        | {"(5,1)"}
 1 | 2 | a     | {"(5,1)","(1,2)"}                         | f        | {"(5,1)","(1,2)"}
 2 | 3 | c     | {"(5,1)","(1,2)","(2,3)"}                 | f        | {"(5,1)","(1,2)","(2,3)"}
 1 | 3 | b     | {"(5,1)","(1,3)"}                         | f        | {"(5,1)","(1,3)"}
 1 | 4 | d     | {"(5,1)","(1,4)"}                         | f        | {"(5,1)","(1,4)"}
 4 | 5 | e     | {"(5,1)","(1,4)","(4,5)"}                 | f        | {"(5,1)","(1,4)","(4,5)"}
 5 | 1 | f     | {"(5,1)","(1,4)","(4,5)","(5,1)"}         | t        | {"(5,1)","(1,4)","(4,5)","(5,1)"}
(25 rows)

> with recursive s(n) as (select 1 union all select n + 1 from s where n < 3) search depth first by n set seq select * from s order by seq desc
 n |      seq
---+---------------
 3 | {(1),(2),(3)}
 2 | {(1),(2)}
 1 | {(1)}
(3 rows)

> with recursive s as (select 1 as n, 'x' as w union all select n + 1, w || n from s where n < 12) search breadth first by w, n set o select n, w, o from s order by o
 n  |       w        |           o
----+----------------+------------------------
  1 | x              | (0,x,1)
  2 | x1             | (1,x1,2)
  3 | x12            | (2,x12,3)
  4 | x123           | (3,x123,4)
  5 | x1234          | (4,x1234,5)
  6 | x12345         | (5,x12345,6)
  7 | x123456        | (6,x123456,7)
  8 | x1234567       | (7,x1234567,8)
  9 | x12345678      | (8,x12345678,9)
 10 | x123456789     | (9,x123456789,10)
 11 | x12345678910   | (10,x12345678910,11)
 12 | x1234567891011 | (11,x1234567891011,12)
(12 rows)

> with s(n) as (select 1) search depth first by n set seq select * from s
ERROR 42601: WITH query is not recursive
LINE 1: with s(n) as (select 1) search depth first by n set seq select * from s
             ^

> with recursive s(n) as (select 1) search depth first by n set seq select * from s
ERROR 42601: WITH query is not recursive
LINE 1: with recursive s(n) as (select 1) search depth first by n set seq select * from s
                       ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by foo set seq select * from s
ERROR 42601: search column "foo" not in WITH query column list
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by foo set seq select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n, n set seq select * from s
ERROR 42701: search column "n" specified more than once
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n, n set seq select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle foo set c using p select * from s
ERROR 42601: cycle column "foo" not in WITH query column list
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle foo set c using p select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n, n set c using p select * from s
ERROR 42701: cycle column "n" specified more than once
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n, n set c using p select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n set c using c select * from s
ERROR 42601: cycle mark column name and cycle path column name are the same
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n set c using c select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n set q cycle n set q using p select * from s
ERROR 42601: search sequence column name and cycle mark column name are the same
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n set q cycle n set q using p select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n set q cycle n set c using q select * from s
ERROR 42601: search sequence column name and cycle path column name are the same
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) search depth first by n set q cycle n set c using q select * from s
                                                                                  ^

> with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n set c to true default 55 using p select * from s
ERROR 42804: CYCLE types boolean and integer cannot be matched
LINE 1: with recursive s(n) as (select 1 union all select n+1 from s where n < 3) cycle n set c to true default 55 using p select * from s
               ^

> with recursive s(n) as (select 1 union all (select n+1 from s where n < 3 union all select 9)) search depth first by n set q select * from s
ERROR 42601: with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT

> with recursive s(n) as (values (1) union all select n+1 from s where n < 3) search depth first by n set q select * from s
 n |       q
---+---------------
 1 | {(1)}
 2 | {(1),(2)}
 3 | {(1),(2),(3)}
(3 rows)

> with recursive s(n) as (select 1 union all select * from (select n + 1 from s where n < 3) x) search depth first by n set q select * from s
ERROR 0A000: with a SEARCH or CYCLE clause, the recursive reference to WITH query "s" must be at the top level of its right-hand SELECT

> with recursive x(n) as (select n from y union all select n + 1 from x where n < 3), y(n) as (select 1) select * from x order by 1
 n
---
 1
 2
 3
(3 rows)

> with recursive x(n) as (select n from y), y(n) as (select n from x) select * from x
ERROR 0A000: mutual recursion between WITH items is not implemented
LINE 1: with recursive x(n) as (select n from y), y(n) as (select n from x) select * from x
                       ^
HINT: Write them as one query, with a column that tells their rows apart.

> with recursive x(n) as (select 1 union all select n + 1 from y where n < 3), y(n) as (select 1 union all select n+1 from x where n < 3) select * from x
ERROR 0A000: mutual recursion between WITH items is not implemented
LINE 1: with recursive x(n) as (select 1 union all select n + 1 from y where n < 3), y(n) as (select 1 union all select n+1 from x where n < 3) select * from x
                       ^
HINT: Write them as one query, with a column that tells their rows apart.

> with recursive a as (select * from b), b as (select * from c), c as (select 7 as q) select * from a
 q
---
 7
(1 row)

> with a as (select * from b), b as (select 7 as q) select * from a
ERROR 42P01: relation "b" does not exist
LINE 1: with a as (select * from b), b as (select 7 as q) select * from a
                                 ^

> with recursive x(n) as (with y as (select 5 as n) select n from y union all select n + 1 from x where n < 7), y(n) as (select n from x) select * from y order by 1
 n
---
 5
 6
 7
(3 rows)

> with recursive t1(n) as (values (1) union all select n+1 from t1 where n < 5), t2 as (select sum(n) as s from t1) select * from t2
 s
----
 15
(1 row)

> select f, (with recursive w(n) as (select g.f union all select n + 1 from w where n < 4) select sum(n) from w) from g order by 1,2
 f | sum
---+-----
 1 |  10
 1 |  10
 1 |  10
 2 |   9
 4 |   4
 5 |   5
(6 rows)

> select g.f, x.n from g, lateral (with recursive w(n) as (select g.t union all select n + g.f from w where n < 4) select n from w) x order by 1, 2
 f | n
---+---
 1 | 2
 1 | 3
 1 | 3
 1 | 4
 1 | 4
 1 | 4
 2 | 3
 2 | 5
 4 | 5
 5 | 1
 5 | 6
(11 rows)

> select g.f from g where exists (with recursive w(n) as (select 1 union all select n + 1 from w where n < g.t) select 1 from w where n = 4) order by 1
 f
---
 1
 4
(2 rows)

> select g.f, array(with recursive w(n) as (select 1 union select n + 1 from w where n < g.t) select n from w order by n) from g order by 1, 2
 f |    array
---+-------------
 1 | {1,2}
 1 | {1,2,3}
 1 | {1,2,3,4}
 2 | {1,2,3}
 4 | {1,2,3,4,5}
 5 | {1}
(6 rows)
