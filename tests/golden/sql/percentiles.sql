# percentile_cont and percentile_disc of one fraction, of columns and of arrays. PostgreSQL's answers.

> create temp table lt (a int, b int)
CREATE TABLE

> insert into lt select i, 11 - i from generate_series(1,10) i
INSERT 0 10

> select percentile_cont(0.5) within group (order by a), percentile_cont(array[0,0.25,0.5,0.75,1]) within group (order by a), percentile_disc(array[0.1,null,0.9]) within group (order by a) from lt
 percentile_cont |   percentile_cont    | percentile_disc
-----------------+----------------------+-----------------
             5.5 | {1,3.25,5.5,7.75,10} | {1,NULL,9}
(1 row)

> select percentile_disc(array[[null,1,0.5],[0.75,0.25,null]]) within group (order by a), percentile_cont(array[[0.1,0.2]]) within group (order by b) from lt
     percentile_disc      | percentile_cont
--------------------------+-----------------
 {{NULL,10,5},{8,3,NULL}} | {{1.9,2.8}}
(1 row)

> select p, percentile_cont(p) within group (order by x::float8) from generate_series(1,5) x, (values (0::float8),(0.1),(0.25),(0.9),(1)) v(p) group by p order by p
  p   | percentile_cont
------+-----------------
    0 |               1
  0.1 |             1.4
 0.25 |               2
  0.9 |             4.6
    1 |               5
(5 rows)

> select percentile_cont(0.5) within group (order by i) from (values (interval '1 day'),(interval '3 days'),(null)) v(i)
 percentile_cont
-----------------
 2 days
(1 row)

> select percentile_cont(0.3) within group (order by a) filter (where a > 3), percentile_cont(0.5) within group (order by a desc) from lt
 percentile_cont | percentile_cont
-----------------+-----------------
             5.8 |             5.5
(1 row)

> select percentile_cont(0.5) within group (order by a) from lt where false
 percentile_cont
-----------------
            NULL
(1 row)

> select percentile_cont(1.5) within group (order by a) from lt
ERROR 22003: percentile value 1.5 is not between 0 and 1

> select percentile_cont(null) within group (order by a) from lt
 percentile_cont
-----------------
            NULL
(1 row)

> select percentile_cont(0.5, 0.5) from lt
ERROR 42809: WITHIN GROUP is required for ordered-set aggregate percentile_cont
LINE 1: select percentile_cont(0.5, 0.5) from lt
               ^

> select percentile_cont(0.5) within group (order by a::numeric), pg_typeof(percentile_cont(0.5) within group (order by a::numeric)), percentile_cont('0.5') within group (order by a) from lt
 percentile_cont |    pg_typeof     | percentile_cont
-----------------+------------------+-----------------
             5.5 | double precision |             5.5
(1 row)

> select b % 3, percentile_cont(0.5) within group (order by a) from lt group by b % 3 order by 1
 ?column? | percentile_cont
----------+-----------------
        0 |               5
        1 |             5.5
        2 |               6
(3 rows)

> drop table lt
DROP TABLE
