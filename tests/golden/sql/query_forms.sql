# Forms of queries, windows by name, functions that return sets and their places. PostgreSQL's answers.

> insert into s values (1,5,'{1,2}'),(2,5,'{3}'),(3,4,null),(4,3,'{}'),(5,3,'{9}')
ERROR 42P01: relation "s" does not exist
LINE 1: insert into s values (1,5,'{1,2}'),(2,5,'{3}'),(3,4,null),(4,3,'{}'),(5,3,'{9}')
                    ^

> select id, n from s order by n desc fetch first 1 row with ties
ERROR 42P01: relation "s" does not exist
LINE 1: select id, n from s order by n desc fetch first 1 row with ties
                          ^

> select n from s order by n fetch first row with ties
ERROR 42P01: relation "s" does not exist
LINE 1: select n from s order by n fetch first row with ties
                      ^

> select n, count(*) from s group by n order by count(*) desc fetch first 1 rows with ties
ERROR 42P01: relation "s" does not exist
LINE 1: select n, count(*) from s group by n order by count(*) desc fetch first 1 rows with ties
                                ^

> select id as k, n from s order by n desc offset 1 fetch next 2 rows with ties
ERROR 42P01: relation "s" does not exist
LINE 1: select id as k, n from s order by n desc offset 1 fetch next 2 rows with ties
                               ^

> select id from s fetch first 1 row with ties
ERROR 42601: WITH TIES cannot be specified without ORDER BY clause

> select id from s order by id fetch first 2 rows only
ERROR 42P01: relation "s" does not exist
LINE 1: select id from s order by id fetch first 2 rows only
                       ^

> select count(*) from s tablesample bernoulli (100)
ERROR 42P01: relation "s" does not exist
LINE 1: select count(*) from s tablesample bernoulli (100)
                             ^

> select count(*) from s tablesample system (0)
ERROR 42P01: relation "s" does not exist
LINE 1: select count(*) from s tablesample system (0)
                             ^

> select x.id from s as x tablesample bernoulli (100) where x.n = 4
ERROR 42P01: relation "s" does not exist
LINE 1: select x.id from s as x tablesample bernoulli (100) where x.n = 4
                         ^

> values (1, generate_series(1,2))
ERROR 0A000: set-returning functions are not allowed in VALUES
LINE 1: values (1, generate_series(1,2))
                   ^

> select case when true then generate_series(1,2) end
ERROR 0A000: set-returning functions are not allowed in CASE
HINT: You might be able to move the set-returning function into a LATERAL FROM item.

> select case when generate_series(1,2) = 1 then 1 end
ERROR 0A000: set-returning functions are not allowed in CASE
LINE 1: select case when generate_series(1,2) = 1 then 1 end
                                              ^
HINT: You might be able to move the set-returning function into a LATERAL FROM item.

> select coalesce(generate_series(1,2), 3)
ERROR 0A000: set-returning functions are not allowed in COALESCE
LINE 1: select coalesce(generate_series(1,2), 3)
               ^
HINT: You might be able to move the set-returning function into a LATERAL FROM item.

> select * from s where generate_series(1,2) = 1
ERROR 42P01: relation "s" does not exist
LINE 1: select * from s where generate_series(1,2) = 1
                      ^

> select id from s where id in (select generate_series(1,2)) order by 1
ERROR 42P01: relation "s" does not exist
LINE 1: select id from s where id in (select generate_series(1,2)) order by 1
                       ^

> select sum(generate_series(1,2))
ERROR 0A000: aggregate function calls cannot contain set-returning function calls
LINE 1: select sum(generate_series(1,2))
               ^
HINT: You might be able to move the set-returning function into a LATERAL FROM item.

> select n from s group by n having generate_series(1,2) > 1
ERROR 42P01: relation "s" does not exist
LINE 1: select n from s group by n having generate_series(1,2) > 1
                      ^

> select s.id from s join s z on unnest(z.a) = s.id
ERROR 42P01: relation "s" does not exist
LINE 1: select s.id from s join s z on unnest(z.a) = s.id
                         ^

> select id, unnest(a) from s order by 1,2
ERROR 42P01: relation "s" does not exist
LINE 1: select id, unnest(a) from s order by 1,2
                                  ^

> select id, case when n > 4 then (select sum(x) from unnest(a) x) end from s order by 1
ERROR 42P01: relation "s" does not exist
LINE 1: select id, case when n > 4 then (select sum(x) from unnest(a) x) end from s order by 1
                                                                                  ^

> select unnest(array[1,2]) + 10
 ?column?
----------
       11
       12
(2 rows)

> select array(select generate_series(1,3))
  array
---------
 {1,2,3}
(1 row)

> select abs(generate_series(-1,1))
 abs
-----
   1
   0
   1
(3 rows)

> select string_to_array('a,b', ',')
 string_to_array
-----------------
 {a,b}
(1 row)

> select (select count(*) from generate_series(1, s.n) g) from s order by id
ERROR 42P01: relation "s" does not exist
LINE 1: select (select count(*) from generate_series(1, s.n) g) from s order by id
                                                                     ^

> select row(s.*, 'x') from s where id = 1
ERROR 42P01: relation "s" does not exist
LINE 1: select row(s.*, 'x') from s where id = 1
                                  ^

> select max(id) filter (where n > 3) from s
ERROR 42P01: relation "s" does not exist
LINE 1: select max(id) filter (where n > 3) from s
                                                 ^

> select id, lead(n, 1, -1.5) over (order by id) from s
ERROR 42P01: relation "s" does not exist
LINE 1: select id, lead(n, 1, -1.5) over (order by id) from s
                                                            ^

> select id, first_value(id) over (w order by id) from s window w as (partition by n) order by 1
ERROR 42P01: relation "s" does not exist
LINE 1: select id, first_value(id) over (w order by id) from s window w as (partition by n) order by 1
                                                             ^

> select id, sum(n) over (w rows 1 preceding) from s window w as (order by id) order by 1
ERROR 42P01: relation "s" does not exist
LINE 1: select id, sum(n) over (w rows 1 preceding) from s window w as (order by id) order by 1
                                                         ^

> select id, sum(n) over (w order by n) from s window w as (order by id)
ERROR 42P20: cannot override ORDER BY clause of window "w"
LINE 1: select id, sum(n) over (w order by n) from s window w as (order by id)
                                ^

> select id, sum(n) over (v) from s window w as (order by id)
ERROR 42704: window "v" does not exist
LINE 1: select id, sum(n) over (v) from s window w as (order by id)
                                ^

> select id, sum(n) over (w) from s window w as (order by id rows 1 preceding)
ERROR 42P20: cannot copy window "w" because it has a frame clause
LINE 1: select id, sum(n) over (w) from s window w as (order by id rows 1 preceding)
                                ^
HINT: Omit the parentheses in this OVER clause.

> select g, ordinality from generate_series(5,7) with ordinality as g
 g | ordinality
---+------------
 5 |          1
 6 |          2
 7 |          3
(3 rows)

> select s.id, x.v, x.n from s, unnest(s.a) with ordinality as x(v, n) order by 1, 3
ERROR 42P01: relation "s" does not exist
LINE 1: select s.id, x.v, x.n from s, unnest(s.a) with ordinality as x(v, n) order by 1, 3
                                   ^

> select s.id, x.v, x.n from s left join lateral unnest(s.a) with ordinality as x(v, n) on x.n = 1 order by 1, 3
ERROR 42P01: relation "s" does not exist
LINE 1: select s.id, x.v, x.n from s left join lateral unnest(s.a) with ordinality as x(v, n) on x.n = 1 order by 1, 3
                                   ^

> select * from jsonb_each('{"a":1,"b":2}') with ordinality
 key | value | ordinality
-----+-------+------------
 a   | 1     |          1
 b   | 2     |          2
(2 rows)

> select * from jsonb_array_elements('[1,2]') with ordinality as e(v, i) where i = 2
 v | i
---+---
 2 | 2
(1 row)

> select 12.50::numeric(6,2) as x, 1 as "select" from s limit 1
ERROR 42P01: relation "s" does not exist
LINE 1: select 12.50::numeric(6,2) as x, 1 as "select" from s limit 1
                                                            ^

