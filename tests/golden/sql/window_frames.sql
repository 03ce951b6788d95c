# Frames that leave rows out, offsets that are computed, and functions whose arguments differ from row to row. PostgreSQL's answers.

> create temp table t (id int, g int, v int, n numeric, f float8, s text, o int)
CREATE TABLE

> insert into t values (1,1,10,1.5,0.0,'a',1),(2,1,20,2.5,-0.0,'b',2),(3,1,20,3.5,1,'c',null),(4,2,30,null,'NaN','d',-1),(5,2,30,5.5,'NaN',null,0),(6,2,null,6.5,2,'f',3),(7,null,null,7.5,null,'g',1)
INSERT 0 7

> select id, sum(v) over (order by v rows between unbounded preceding and unbounded following exclude current row), sum(v) over (order by v rows between 1 preceding and 1 following exclude group), sum(v) over (order by v rows between 2 preceding and 2 following exclude ties), sum(v) over (order by v rows between 2 preceding and 2 following exclude no others) from t order by id
 id | sum | sum  | sum | sum
----+-----+------+-----+-----
  1 | 100 |   20 |  50 |  50
  2 |  90 |   10 |  60 |  80
  3 |  90 |   30 |  90 | 110
  4 |  80 |   20 |  70 | 100
  5 |  80 | NULL |  50 |  80
  6 | 110 |   30 |  60 |  60
  7 | 110 | NULL |  30 |  30
(7 rows)

> select id, count(*) over (order by f range between unbounded preceding and unbounded following exclude ties), count(*) over (order by f desc groups between 1 preceding and 1 following exclude group), array_agg(id) over (order by f, id groups between 1 preceding and 1 following exclude current row) from t order by id
 id | count | count | array_agg
----+-------+-------+-----------
  1 |     6 |     1 | {2}
  2 |     6 |     1 | {1,3}
  3 |     7 |     3 | {2,6}
  4 |     6 |     2 | {6,5}
  5 |     6 |     2 | {4,7}
  6 |     7 |     3 | {3,4}
  7 |     7 |     2 | {5}
(7 rows)

> select id, first_value(v) over w, last_value(v) over w, nth_value(v, 2) over w from t window w as (order by id rows between 1 preceding and 2 following exclude current row) order by id
 id | first_value | last_value | nth_value
----+-------------+------------+-----------
  1 |          20 |         20 |        20
  2 |          10 |         30 |        20
  3 |          20 |         30 |        30
  4 |          20 |       NULL |        30
  5 |          30 |       NULL |      NULL
  6 |          30 |       NULL |      NULL
  7 |        NULL |       NULL |      NULL
(7 rows)

> select id, first_value(s) over (w rows between 1 preceding and 2 following exclude current row), string_agg(s, '-') over (w range between unbounded preceding and unbounded following exclude ties) from t window w as (partition by g order by v) order by id
 id | first_value | string_agg
----+-------------+------------
  1 | b           | a-b-c
  2 | a           | a-b
  3 | b           | a-c
  4 | NULL        | d-f
  5 | d           | f
  6 | NULL        | d-f
  7 | NULL        | g
(7 rows)

> select id, sum(n) over (order by g range between 1 preceding and current row exclude current row), avg(n) over (order by g groups between 1 preceding and current row exclude ties), max(n) over (rows between 2 preceding and current row exclude current row) from t order by id
 id | sum  |          avg           | max
----+------+------------------------+------
  1 |  6.0 | 1.50000000000000000000 | NULL
  2 |  5.0 |     2.5000000000000000 |  1.5
  3 |  4.0 |     3.5000000000000000 |  2.5
  4 | 19.5 |     2.5000000000000000 |  3.5
  5 | 14.0 |     3.2500000000000000 |  3.5
  6 | 13.0 |     3.5000000000000000 |  5.5
  7 | NULL |     6.5000000000000000 |  6.5
(7 rows)

> select id, sum(v) filter (where id % 2 = 1) over (order by id rows between 2 preceding and 2 following exclude current row) from t order by id
 id | sum
----+-----
  1 |  20
  2 |  30
  3 |  40
  4 |  50
  5 |  20
  6 |  30
  7 |  30
(7 rows)

> select id, rank() over (order by v rows unbounded preceding exclude ties), row_number() over (order by id rows unbounded preceding exclude group), lag(id) over (order by id rows 1 preceding exclude current row) from t order by id
 id | rank | row_number | lag
----+------+------------+------
  1 |    1 |          1 | NULL
  2 |    2 |          2 |    1
  3 |    2 |          3 |    2
  4 |    4 |          4 |    3
  5 |    4 |          5 |    4
  6 |    6 |          6 |    5
  7 |    6 |          7 |    6
(7 rows)

> select id, sum(v) over (exclude ties) from t
ERROR 42601: syntax error at or near "exclude"
LINE 1: select id, sum(v) over (exclude ties) from t
                                ^
DETAIL: Expected ROWS, RANGE, GROUPS.

> select id, sum(v) over (order by id exclude ties) from t
ERROR 42601: syntax error at or near "exclude"
LINE 1: select id, sum(v) over (order by id exclude ties) from t
                                            ^
DETAIL: Expected ROWS, RANGE, GROUPS.

> select id, sum(v) over (rows between unbounded preceding and unbounded following exclude group) from t order by id
 id | sum
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
  6 | NULL
  7 | NULL
(7 rows)

> select id, count(*) over (range between unbounded preceding and unbounded following exclude ties) from t order by id
 id | count
----+-------
  1 |     1
  2 |     1
  3 |     1
  4 |     1
  5 |     1
  6 |     1
  7 |     1
(7 rows)

> select id, lag(v, o) over (order by id), lead(v, o) over (order by id), lag(v, o, -v) over (order by id), lead(s, 1, s || '!') over (order by id), lag(v, null) over (order by id), lag(id, -1) over (order by id) from t order by id
 id | lag  | lead | lag  | lead | lag  | lag
----+------+------+------+------+------+------
  1 | NULL |   20 |  -10 | b    | NULL |    2
  2 | NULL |   30 |  -20 | c    | NULL |    3
  3 | NULL | NULL | NULL | d    | NULL |    4
  4 |   30 |   20 |   30 | NULL | NULL |    5
  5 |   30 |   30 |   30 | f    | NULL |    6
  6 |   20 | NULL |   20 | g    | NULL |    7
  7 | NULL | NULL | NULL | g!   | NULL | NULL
(7 rows)

> select id, lag(v, 1, n) over (order by id), lead(n, id - 1, 0) over (partition by g order by id), lag(id, 2147483647) over (order by id) from t order by id
 id | lag  | lead | lag
----+------+------+------
  1 |  1.5 |  1.5 | NULL
  2 |   10 |  3.5 | NULL
  3 |   20 |    0 | NULL
  4 |   20 |    0 | NULL
  5 |   30 |    0 | NULL
  6 |   30 |    0 | NULL
  7 | NULL |    0 | NULL
(7 rows)

> select id, nth_value(v, id) over (order by id rows between unbounded preceding and unbounded following), nth_value(s, o + 2) over (order by id) from t order by id
 id | nth_value | nth_value
----+-----------+-----------
  1 |        10 | NULL
  2 |        20 | NULL
  3 |        20 | NULL
  4 |        30 | a
  5 |        30 | b
  6 |      NULL | NULL
  7 |      NULL | c
(7 rows)

> select id, nth_value(v, o) over (order by id) from t order by id
ERROR 22016: argument of nth_value must be greater than zero

> select id, ntile(o) over (order by id) from t order by id
 id | ntile
----+-------
  1 |     1
  2 |     1
  3 |     1
  4 |     1
  5 |     1
  6 |     1
  7 |     1
(7 rows)

> select id, ntile(g) over (order by id) from t order by id
 id | ntile
----+-------
  1 |     1
  2 |     1
  3 |     1
  4 |     1
  5 |     1
  6 |     1
  7 |     1
(7 rows)

> select id, ntile(g) over (order by g desc nulls first, id) from t order by id
 id | ntile
----+-------
  1 |     1
  2 |     2
  3 |     2
  4 |     1
  5 |     1
  6 |     1
  7 |  NULL
(7 rows)

> select id, ntile(0) over (order by id) from t order by id
ERROR 22014: argument of ntile must be greater than zero

> select id, ntile((select max(g) from t)) over (order by id), ntile(3) over (order by id), ntile(1+1) over (order by id) from t order by id
 id | ntile | ntile | ntile
----+-------+-------+-------
  1 |     1 |     1 |     1
  2 |     1 |     1 |     1
  3 |     1 |     1 |     1
  4 |     1 |     2 |     1
  5 |     2 |     2 |     2
  6 |     2 |     3 |     2
  7 |     2 |     3 |     2
(7 rows)

> select id, lag(v, (select 2)) over (order by id), lag(v, 1::bigint) over (order by id) from t
ERROR 42883: function lag(integer, bigint) does not exist
LINE 1: select id, lag(v, (select 2)) over (order by id), lag(v, 1::bigint) over (order by id) from t
                                                          ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select id, lag(v, o, 'x') over (order by id) from t
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: select id, lag(v, o, 'x') over (order by id) from t
                             ^

> select id, lag(v, 1, '7') over (order by id) from t
 id | lag
----+------
  1 |    7
  2 |   10
  3 |   20
  4 |   20
  5 |   30
  6 |   30
  7 | NULL
(7 rows)

> select id, sum(v) over (order by id rows between 1 following and 2 following), sum(v) over (order by id rows between 2 preceding and 1 preceding), sum(v) over (order by id rows between 2 following and 1 following) from t order by id
 id | sum  | sum  | sum
----+------+------+------
  1 |   40 | NULL | NULL
  2 |   50 |   10 | NULL
  3 |   60 |   30 | NULL
  4 |   30 |   40 | NULL
  5 | NULL |   50 | NULL
  6 | NULL |   60 | NULL
  7 | NULL |   30 | NULL
(7 rows)

> select id, sum(v) over (order by id rows between 1 preceding and 2 preceding) from t order by id
 id | sum
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
  5 | NULL
  6 | NULL
  7 | NULL
(7 rows)

> select id, sum(v) over (order by id rows between current row and 1 preceding) from t order by id
ERROR 42P20: frame starting from current row cannot have preceding rows
LINE 1: select id, sum(v) over (order by id rows between current row and 1 preceding) from t order by id
                   ^

> select id, sum(v) over (order by id rows between 1 following and current row) from t order by id
ERROR 42P20: frame starting from following row cannot have preceding rows
LINE 1: select id, sum(v) over (order by id rows between 1 following and current row) from t order by id
                   ^

> select id, sum(v) over (order by id rows between unbounded following and current row) from t order by id
ERROR 42P20: frame start cannot be UNBOUNDED FOLLOWING
LINE 1: select id, sum(v) over (order by id rows between unbounded following and current row) from t order by id
                   ^

> select id, sum(v) over (groups 1 preceding) from t order by id
ERROR 42P20: GROUPS mode requires an ORDER BY clause
LINE 1: select id, sum(v) over (groups 1 preceding) from t order by id
                   ^

> select id, sum(v) over (order by v groups between 1 preceding and 1 following), count(*) over (order by g groups between current row and 1 following), sum(id) over (partition by g order by v groups between 2 following and 3 following) from t order by id
 id | sum | count | sum
----+-----+-------+------
  1 |  50 |     6 | NULL
  2 | 110 |     6 | NULL
  3 | 110 |     6 | NULL
  4 | 100 |     4 | NULL
  5 | 100 |     4 | NULL
  6 |  60 |     4 | NULL
  7 |  60 |     1 | NULL
(7 rows)

> select id, sum(v) over (order by g, v range 1 preceding) from t order by id
ERROR 42P20: RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column
LINE 1: select id, sum(v) over (order by g, v range 1 preceding) from t order by id
                   ^

> select id, sum(v) over (range 1 preceding) from t order by id
ERROR 42P20: RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column
LINE 1: select id, sum(v) over (range 1 preceding) from t order by id
                   ^

> select id, sum(v) over (order by s range 1 preceding) from t order by id
ERROR 0A000: RANGE with offset PRECEDING/FOLLOWING is not supported for column type text
LINE 1: select id, sum(v) over (order by s range 1 preceding) from t order by id
                                                 ^

> select id, sum(id) over (order by n range between 1 preceding and 1.5 following), sum(id) over (order by f range between 1 preceding and 1 following), sum(id) over (order by v desc range between 10 preceding and current row), sum(id) over (order by v nulls first range between 10 preceding and current row) from t order by id
 id | sum | sum | sum | sum
----+-----+-----+-----+-----
  1 |   3 |   6 |   6 |   1
  2 |   6 |   6 |  14 |   6
  3 |   5 |  12 |  14 |   6
  4 |   4 |   9 |   9 |  14
  5 |  11 |   9 |   9 |  14
  6 |  18 |   9 |  13 |  13
  7 |  13 |   7 |  13 |  13
(7 rows)

> select id, sum(v) over w, sum(v) over (w rows 1 preceding) from t window w as (partition by g order by id) order by id
 id | sum  | sum
----+------+------
  1 |   10 |   10
  2 |   30 |   30
  3 |   50 |   40
  4 |   30 |   30
  5 |   60 |   60
  6 |   60 |   30
  7 | NULL | NULL
(7 rows)

> select sum(v) over w2 from t window w as (partition by g), w2 as (w order by id) order by 1
 sum
------
   10
   30
   30
   50
   60
   60
 NULL
(7 rows)

> select sum(v) over (w partition by id) from t window w as (partition by g)
ERROR 42P20: cannot override PARTITION BY clause of window "w"
LINE 1: select sum(v) over (w partition by id) from t window w as (partition by g)
                            ^

> select sum(v) over (w order by id) from t window w as (partition by g order by v)
ERROR 42P20: cannot override ORDER BY clause of window "w"
LINE 1: select sum(v) over (w order by id) from t window w as (partition by g order by v)
                            ^

> select sum(v) over (w) from t window w as (partition by g rows 1 preceding)
ERROR 42P20: cannot copy window "w" because it has a frame clause
LINE 1: select sum(v) over (w) from t window w as (partition by g rows 1 preceding)
                            ^
HINT: Omit the parentheses in this OVER clause.

> select sum(v) over w3 from t window w as (partition by g), w2 as (w order by id)
ERROR 42704: window "w3" does not exist
LINE 1: select sum(v) over w3 from t window w as (partition by g), w2 as (w order by id)
                           ^

> select id, sum(v) over (order by id rows o preceding) from t
ERROR 42P10: argument of ROWS must not contain variables
LINE 1: select id, sum(v) over (order by id rows o preceding) from t
                                                 ^

> select id, sum(v) over (order by id rows (select 1) preceding), sum(v) over (order by id rows 1+1 preceding) from t order by id
 id | sum  | sum
----+------+-----
  1 |   10 |  10
  2 |   30 |  30
  3 |   40 |  50
  4 |   50 |  70
  5 |   60 |  80
  6 |   30 |  60
  7 | NULL |  30
(7 rows)

> select id, sum(v) over (order by id rows -1 preceding) from t order by id
ERROR 22013: frame starting offset must not be negative
LINE 1: select id, sum(v) over (order by id rows -1 preceding) from t order by id
                   ^

> select id, sum(v) over (order by id rows 1.5 preceding) from t order by id
 id | sum
----+-----
  1 |  10
  2 |  30
  3 |  50
  4 |  70
  5 |  80
  6 |  60
  7 |  30
(7 rows)

> select count(*) over (partition by g order by id rows between unbounded preceding and 1 preceding exclude current row), id, min(s) over (partition by g order by id rows between unbounded preceding and current row exclude current row) from t order by id
 count | id | min
-------+----+------
     0 |  1 | NULL
     1 |  2 | a
     2 |  3 | a
     0 |  4 | NULL
     1 |  5 | d
     2 |  6 | d
     0 |  7 | NULL
(7 rows)

> select sum(sum(v)) over (order by g rows between unbounded preceding and unbounded following exclude current row), g from t group by g order by g
 sum |  g
-----+------
  60 |    1
  50 |    2
 110 | NULL
(3 rows)

> select percent_rank() over (order by v), cume_dist() over (order by v), dense_rank() over (order by v nulls first), id from t order by id
    percent_rank     |      cume_dist      | dense_rank | id
---------------------+---------------------+------------+----
                   0 | 0.14285714285714285 |          2 |  1
 0.16666666666666666 | 0.42857142857142855 |          3 |  2
 0.16666666666666666 | 0.42857142857142855 |          3 |  3
                 0.5 |  0.7142857142857143 |          4 |  4
                 0.5 |  0.7142857142857143 |          4 |  5
  0.8333333333333334 |                   1 |          1 |  6
  0.8333333333333334 |                   1 |          1 |  7
(7 rows)

> select id, sum(distinct v) over (order by id) from t
ERROR 0A000: DISTINCT is not implemented for window functions
LINE 1: select id, sum(distinct v) over (order by id) from t
                   ^

> select id, array_agg(v order by v) over (order by id) from t
ERROR 0A000: Aggregate ORDER BY is not implemented for window functions
HINT: The section "SQL" of COMPAT.md lists what PostgreSQL has and this server has not.

> prepare p as select id, sum(v) over (order by id rows between $1 preceding and $2 following) from t order by id
PREPARE

> execute p(1, 1)
 id | sum
----+------
  1 |   30
  2 |   50
  3 |   70
  4 |   80
  5 |   60
  6 |   30
  7 | NULL
(7 rows)

> execute p(0, 2)
 id | sum
----+------
  1 |   50
  2 |   70
  3 |   80
  4 |   60
  5 |   30
  6 | NULL
  7 | NULL
(7 rows)

> prepare q(int) as select id, lag(v, $1) over (order by id), nth_value(v, $1) over (order by id), ntile($1) over (order by id) from t order by id
PREPARE

> execute q(2)
 id | lag  | nth_value | ntile
----+------+-----------+-------
  1 | NULL |      NULL |     1
  2 | NULL |        20 |     1
  3 |   10 |        20 |     1
  4 |   20 |        20 |     1
  5 |   20 |        20 |     2
  6 |   30 |        20 |     2
  7 |   30 |        20 |     2
(7 rows)

> execute q(0)
ERROR 22016: argument of nth_value must be greater than zero
