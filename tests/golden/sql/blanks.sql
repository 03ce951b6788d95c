# The blanks at the end of a char(n), and what the planner takes for a constant beside grouping sets. PostgreSQL's answers.

> create temp table c (c char(5), v varchar(5), t text)
CREATE TABLE

> insert into c values ('ab','ab','ab'), ('abc  ','abc','abc  '), ('','',''), (null,null,null)
INSERT 0 4

> select c, c = 'ab', c = 'ab   ', c = t, c = v, c || '|', length(c), octet_length(c), c::text || '|' from c order by c
   c   | ?column? | ?column? | ?column? | ?column? | ?column? | length | octet_length | ?column?
-------+----------+----------+----------+----------+----------+--------+--------------+----------
       | f        | f        | t        | t        | |        |      0 |            5 | |
 ab    | t        | t        | t        | t        | ab|      |      2 |            5 | ab|
 abc   | f        | f        | f        | t        | abc|     |      3 |            5 | abc|
 NULL  | NULL     | NULL     | NULL     | NULL     | NULL     |   NULL |         NULL | NULL
(4 rows)

> select concat(c, '|'), concat_ws('-', c, v), format('%s|%I|%L', c, 'x', c) from c order by c
 concat | concat_ws |     format
--------+-----------+-----------------
      | |      -    |      |x|'     '
 ab   | | ab   -ab  | ab   |x|'ab   '
 abc  | | abc  -abc | abc  |x|'abc  '
 |      |           | |x|NULL
(4 rows)

> select c like 'ab', c like 'ab%', c like 'ab   ', c ilike 'AB   ', c not like 'ab   ', c ~ '^ab$', c ~ 'ab   $', c similar to 'ab   ', t like c from c order by c
 ?column? | ?column? | ?column? | ?column? | ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------+----------+----------+----------+----------
 f        | f        | f        | f        | t        | f        | f        | f        | t
 f        | t        | t        | t        | f        | f        | t        | t        | t
 f        | t        | f        | f        | t        | f        | f        | f        | f
 NULL     | NULL     | NULL     | NULL     | NULL     | NULL     | NULL     | NULL     | NULL
(4 rows)

> select to_json(c), to_jsonb(c), json_build_object('c', c), row_to_json(x) from c x order by c
 to_json | to_jsonb | json_build_object |             row_to_json
---------+----------+-------------------+-------------------------------------
 "     " | "     "  | {"c" : "     "}   | {"c":"     ","v":"","t":""}
 "ab   " | "ab   "  | {"c" : "ab   "}   | {"c":"ab   ","v":"ab","t":"ab"}
 "abc  " | "abc  "  | {"c" : "abc  "}   | {"c":"abc  ","v":"abc","t":"abc  "}
 NULL    | NULL     | {"c" : null}      | {"c":null,"v":null,"t":null}
(4 rows)

> select row(c, v), array[c], array[c, t] from c order by c
      row      |   array   |       array
---------------+-----------+-------------------
 ("     ","")  | {"     "} | {"     ",""}
 ("ab   ",ab)  | {"ab   "} | {"ab   ",ab}
 ("abc  ",abc) | {"abc  "} | {"abc  ","abc  "}
 (,)           | {NULL}    | {NULL,NULL}
(4 rows)

> select json_agg(c order by c), array_agg(c order by c), string_agg(c, ',' order by c), min(c), max(c) from c
             json_agg              |           array_agg            | string_agg |  min  |  max
-----------------------------------+--------------------------------+------------+-------+-------
 ["     ", "ab   ", "abc  ", null] | {"     ","ab   ","abc  ",NULL} | ,ab,abc    |       | abc
(1 row)

> select c, t from c where c like '%  ' and c <> '' order by c
   c   |   t
-------+-------
 ab    | ab
 abc   | abc
(2 rows)

> select concat('a'::char(3), '|'), 'a'::char(3) like 'a  ', to_json('b'::char(2)), 'a'::char(3) || '|'
 concat | ?column? | to_json | ?column?
--------+----------+---------+----------
 a  |   | t        | "b "    | a|
(1 row)

> select (array['{}'::nummultirange])[1], (array['[1.5,2)'::numrange, null])[1], (array[int4range(1,3)])[1], (array['{[1,2)}'::int4multirange, '{}'])[2], (array['[2020-01-01,2020-02-01)'::daterange])[1]
 array |  array  | array | array |          array
-------+---------+-------+-------+-------------------------
 {}    | [1.5,2) | [1,3) | {}    | [2020-01-01,2020-02-01)
(1 row)

> create temp table t (a int, b text, c numeric)
CREATE TABLE

> insert into t values (1,'x',1.0),(1,'y',2),(2,'x',3),(null,'x',4)
INSERT 0 4

> select 'x' as k, a, count(*) from t group by grouping sets ((1), (2), (1,2), ()) order by 1, 2, 3
  k   |  a   | count
------+------+-------
 x    |    1 |     2
 x    |    2 |     1
 x    | NULL |     1
 x    | NULL |     4
 NULL |    1 |     2
 NULL |    2 |     1
 NULL | NULL |     1
 NULL | NULL |     4
(8 rows)

> select a, count(*), 7 as seven from t group by cube(a, seven) order by seven desc, a, 2
  a   | count | seven
------+-------+-------
    1 |     2 |  NULL
    2 |     1 |  NULL
 NULL |     1 |  NULL
 NULL |     4 |  NULL
    1 |     2 |     7
    2 |     1 |     7
 NULL |     1 |     7
 NULL |     4 |     7
(8 rows)

> select a as x, 3 + 4 as y, count(*) from t group by grouping sets (x, y) order by 1, 2, 3
  x   |  y   | count
------+------+-------
    1 | NULL |     2
    2 | NULL |     1
 NULL |    7 |     4
 NULL | NULL |     1
(4 rows)

> with recursive r(id, path) as (values (1, array[]::int[]) union all select id + 1, path || id from r where id < 4) select * from r order by id
 id |  path
----+---------
  1 | {}
  2 | {1}
  3 | {1,2}
  4 | {1,2,3}
(4 rows)

> select pg_typeof(array_append(array[42], 6)), pg_typeof(array_prepend(6, array[42])), array_remove(array[1,2,2], 2), array_position(array[1,5], 5)
 pg_typeof | pg_typeof | array_remove | array_position
-----------+-----------+--------------+----------------
 integer[] | integer[] | {1}          |              2
(1 row)

> select max(min(a)) from t
ERROR 42803: aggregate function calls cannot be nested

> select tand(180), cotd(270), jsonb_path_query_tz('["12:35:00", "13:35:00+01", "12:35:00+00"]', '$[*].datetime() ? (@ == "12:35".datetime("HH24:MI"))')
 tand | cotd | jsonb_path_query_tz
------+------+---------------------
    0 |    0 | "12:35:00"
    0 |    0 | "12:35:00+00:00"
(2 rows)

> drop table c, t
DROP TABLE
