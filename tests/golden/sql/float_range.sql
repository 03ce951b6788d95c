# Results of floats that are out of range. PostgreSQL's answers.

> create temp table fl (f float8, g float4, i int)
CREATE TABLE

> insert into fl values (1e308, 3e38, 1), (-34.84, 1, 2), (0, 0, 3), (1e-300, 1e-37, 4)
INSERT 0 4

> select f * 10 from fl where i > 1
      ?column?
---------------------
 -348.40000000000003
                   0
              1e-299
(3 rows)

> select f * 10 from fl
ERROR 22003: value out of range: overflow

> select f * '1e200' from fl
ERROR 22003: value out of range: overflow

> select f + f from fl where i = 1
ERROR 22003: value out of range: overflow

> select f - (-f) from fl where i = 1
ERROR 22003: value out of range: overflow

> select f + 1e308 from fl where i = 1
ERROR 22003: value out of range: overflow

> select f + 1, 1 - f, f - 1.5 from fl
 ?column? | ?column? | ?column?
----------+----------+----------
   1e+308 |  -1e+308 |   1e+308
   -33.84 |    35.84 |   -36.34
        1 |        1 |     -1.5
        1 |        1 |     -1.5
(4 rows)

> select f * f from fl where i = 4
ERROR 22003: value out of range: underflow

> select g * g from fl where i = 1
ERROR 22003: value out of range: overflow

> select g * g from fl where i = 4
ERROR 22003: value out of range: underflow

> select g * 2, g + g from fl where i > 1
       ?column?        | ?column?
-----------------------+----------
                     2 |        2
                     0 |        0
 1.999999982195158e-37 |    2e-37
(3 rows)

> select g * i, f * i, i * 2.5::float8 from fl where i > 1
       ?column?        | ?column? | ?column?
-----------------------+----------+----------
                     2 |   -69.68 |        5
                     0 |        0 |      7.5
 3.999999964390316e-37 |   4e-300 |       10
(3 rows)

> select 'inf'::float8 * 2, 'nan'::float8 * 0, 'inf'::float8 - 'inf'::float8, 'inf'::float8 * 0, 0 * 5.0::float8
 ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------
 Infinity |      NaN |      NaN |      NaN |        0
(1 row)

> select 1e308::float8 * 10
ERROR 22003: value out of range: overflow

> select sum(f * 2) from fl where i > 1
  sum
--------
 -69.68
(1 row)

> select sum(f) from fl
  sum
--------
 1e+308
(1 row)

> select i from fl where f * 10 > 5 and i > 1 order by i
 i
---
(0 rows)

> update fl set f = f * 10 where i = 2
UPDATE 1

> update fl set f = f * 10
ERROR 22003: value out of range: overflow

> select f / 0 from fl
ERROR 22012: division by zero

> select f / i from fl where i > 1
      ?column?
---------------------
 -174.20000000000002
                   0
            2.5e-301
(3 rows)

> select 1 / f from fl where i = 4
        ?column?
------------------------
 9.999999999999999e+299
(1 row)

> select f * -1 as x from fl order by x
         x
--------------------
            -1e+308
            -1e-300
                 -0
 348.40000000000003
(4 rows)

> select round((f * 100)::numeric, 2) from fl where i = 2
   round
-----------
 -34840.00
(1 row)

> select i, f * 2 as d from fl group by i, f order by d
ERROR 22003: value out of range: overflow

> select avg(f * 1.5) from fl where i between 2 and 3
  avg
--------
 -261.3
(1 row)
