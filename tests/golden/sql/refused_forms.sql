# What looks like a value, a call or a statement that there is, and is none.

> SELECT time '15:36:39 America/New_York'
ERROR 22007: invalid input syntax for type time: "15:36:39 America/New_York"
LINE 1: SELECT time '15:36:39 America/New_York'
                    ^

> SELECT time '15:36:39 EST', time '15:36:39+02', time '2024-01-01 15:36:39 America/New_York'
   time   |   time   |   time
----------+----------+----------
 15:36:39 | 15:36:39 | 15:36:39
(1 row)

> SELECT date 'J J 1520447'
ERROR 22007: invalid input syntax for type date: "J J 1520447"
LINE 1: SELECT date 'J J 1520447'
                    ^

> SELECT date '-infinity infinity'
ERROR 22007: invalid input syntax for type date: "-infinity infinity"
LINE 1: SELECT date '-infinity infinity'
                    ^

> SELECT timestamp 'infinity infinity'
ERROR 22007: invalid input syntax for type timestamp: "infinity infinity"
LINE 1: SELECT timestamp 'infinity infinity'
                         ^

> SELECT '1:20:05 5 microseconds'::interval
ERROR 22007: invalid input syntax for type interval: "1:20:05 5 microseconds"
LINE 1: SELECT '1:20:05 5 microseconds'::interval
               ^

> SELECT interval '1 second 5 microseconds'
    interval
-----------------
 00:00:01.000005
(1 row)

> SELECT pg_input_is_valid('now', 'date'), pg_input_is_valid('today', 'timestamp'), pg_input_is_valid('today', 'time'), pg_input_is_valid('nowx', 'date')
 pg_input_is_valid | pg_input_is_valid | pg_input_is_valid | pg_input_is_valid
-------------------+-------------------+-------------------+-------------------
 t                 | t                 | f                 | f
(1 row)

> CREATE TABLE held (i int)
CREATE TABLE

> SELECT count() OVER () FROM held
ERROR 42809: count(*) must be used to call a parameterless aggregate function
LINE 1: SELECT count() OVER () FROM held
               ^

> SELECT count() FROM held
ERROR 42809: count(*) must be used to call a parameterless aggregate function
LINE 1: SELECT count() FROM held
               ^

> SELECT generate_series(1, 3) OVER () FROM held
ERROR 42809: OVER specified, but generate_series is not a window function nor an aggregate function
LINE 1: SELECT generate_series(1, 3) OVER () FROM held
               ^

> COPY (SELECT i FROM held FOR UPDATE) TO STDOUT
ERROR 0A000: a query that locks rows inside of COPY, EXPLAIN or a cursor is not offered
HINT: Lock the rows by a SELECT ... FOR UPDATE of its own.

> EXPLAIN SELECT i FROM held FOR UPDATE
ERROR 0A000: a query that locks rows inside of COPY, EXPLAIN or a cursor is not offered
HINT: Lock the rows by a SELECT ... FOR UPDATE of its own.

