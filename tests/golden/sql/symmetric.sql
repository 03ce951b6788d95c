# BETWEEN SYMMETRIC, and the type of NULLIF. PostgreSQL's answers.

> select 5 between symmetric 7 and 3, 5 not between symmetric 7 and 3, null between symmetric 1 and 2, 5 between symmetric null and 3, 5 between asymmetric 3 and 7
 ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------
 t        | f        | NULL     | NULL     | t
(1 row)

> select x from generate_series(1,9) x where x between symmetric 7 and 5 and x <> 6
 x
---
 5
 7
(2 rows)

> select 5 between symmetric case when 1 between 2 and 3 then 9 else 7 end and 3
 ?column?
----------
 t
(1 row)

> select 1 as symmetric
 symmetric
-----------
         1
(1 row)

> select nullif(5, count(*)), pg_typeof(nullif(5, count(*))), pg_typeof(nullif(5::int8, 3)), pg_typeof(nullif(5, 3.5)), pg_typeof(nullif(1.5::float4, 2)), nullif(current_date, current_date::timestamp), pg_typeof(nullif(current_date, now()))
 nullif | pg_typeof | pg_typeof | pg_typeof | pg_typeof | nullif | pg_typeof
--------+-----------+-----------+-----------+-----------+--------+-----------
      5 | integer   | bigint    | numeric   | real      | NULL   | date
(1 row)

> select nullif(1::int2, 3), pg_typeof(nullif(1::int2, 3)), pg_typeof(nullif(null, 3)), pg_typeof(nullif('a', 'b'))
 nullif | pg_typeof | pg_typeof | pg_typeof
--------+-----------+-----------+-----------
      1 | smallint  | integer   | text
(1 row)
