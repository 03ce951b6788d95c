# Values at their bounds, compared and matched as PostgreSQL does.

# LIKE with an escape of its own.

> SELECT 'h%awkeye' LIKE 'h#%%' ESCAPE '#' AS a, 'hawkeye' LIKE 'h#%%' ESCAPE '#' AS b, 'a/b_c' LIKE '%//b/_c' ESCAPE '/' AS c
 a | b | c
---+---+---
 t | f | t
(1 row)

> SELECT 'A_B' ILIKE 'a/_b' ESCAPE '/' AS a, 'axb' NOT LIKE 'a/_b' ESCAPE '/' AS b, 'a_b' NOT ILIKE 'A/_B' ESCAPE '/' AS c
 a | b | c
---+---+---
 t | t | f
(1 row)

> SELECT 'a\b' LIKE 'a\b' ESCAPE '' AS none, 'a\_b' LIKE 'a\_b' ESCAPE '' AS under, 'a' LIKE 'a' ESCAPE NULL AS unknown
 none | under | unknown
------+-------+---------
 t    | t     | NULL
(1 row)

> SELECT 'a' LIKE 'a' ESCAPE 'ab'
ERROR 22025: invalid escape string
LINE 1: SELECT 'a' LIKE 'a' ESCAPE 'ab'
                                   ^
HINT: Escape string must be empty or one character.

> CREATE TABLE path (id int PRIMARY KEY, name text, pattern text, escape text)
CREATE TABLE

> INSERT INTO path VALUES (1, 'a_b', 'a/_b', '/'), (2, 'axb', 'a/_b', '/'), (3, '50%', '50#%', '#'), (4, 'a\b', 'a\\b', '\'), (5, NULL, '%', '/')
INSERT 0 5

> SELECT id FROM path WHERE name LIKE 'a/_b' ESCAPE '/' ORDER BY id
 id
----
  1
(1 row)

> SELECT id, name LIKE like_escape(pattern, escape) AS fits FROM path ORDER BY id
 id | fits
----+------
  1 | t
  2 | f
  3 | t
  4 | t
  5 | NULL
(5 rows)

> SELECT id FROM path WHERE name LIKE pattern ESCAPE '/' ORDER BY id
 id
----
  1
(1 row)

> SELECT id FROM path WHERE name ~~ like_escape('50#%', '#')
 id
----
  3
(1 row)

> UPDATE path SET escape = 'x' WHERE name LIKE '50/%' ESCAPE '/'
UPDATE 1

> DELETE FROM path WHERE name LIKE '5_#%' ESCAPE '#' RETURNING id
 id
----
  3
(1 row)
DELETE 1

# A pattern that ends with its escape is an error where the match comes to it.

> SELECT 'a\' LIKE '\'
ERROR 22025: LIKE pattern must not end with escape character

> SELECT 'b' LIKE 'a\' AS other, '' LIKE '\' AS nothing
 other | nothing
-------+---------
 f     | f
(1 row)

> SELECT id FROM path WHERE name LIKE 'a\'
ERROR 22025: LIKE pattern must not end with escape character

> SELECT id FROM path WHERE name LIKE 'z\'
 id
----
(0 rows)

> SELECT name LIKE name || '\' FROM path WHERE id = 1
 ?column?
----------
 f
(1 row)

# A month is 30 days, a day 24 hours.

> SELECT interval '1 month' = interval '30 days' AS a, interval '1 day' = interval '24 hours' AS b, interval '31 days' > interval '1 mon' AS c
 a | b | c
---+---+---
 t | t | t
(1 row)

> SELECT DISTINCT x FROM (VALUES (interval '1 mon'), (interval '30 days'), (interval '720 hours')) t(x)
   x
-------
 1 mon
(1 row)

> SELECT max(x), min(x), count(DISTINCT x) FROM (VALUES (interval '1 mon'), (interval '35 days'), (interval '30 days')) t(x)
   max   |   min   | count
---------+---------+-------
 35 days | 30 days |     2
(1 row)

> SELECT x FROM (VALUES (interval '1 mon'), (interval '35 days'), (interval '29 days 25 hours'), (NULL)) t(x) ORDER BY x
        x
------------------
 1 mon
 29 days 25:00:00
 35 days
 NULL
(4 rows)

> SELECT x, count(*) FROM (VALUES (interval '24 hours'), (interval '1 day'), (interval '2 days')) t(x) GROUP BY x ORDER BY x
    x     | count
----------+-------
 24:00:00 |     2
 2 days   |     1
(2 rows)

> SELECT greatest(interval '1 mon', interval '35 days'), least(interval '1 mon', interval '29 days'), nullif(interval '1 mon', interval '30 days')
 greatest |  least  | nullif
----------+---------+--------
 35 days  | 29 days | NULL
(1 row)

> SELECT interval '1 mon' BETWEEN interval '29 days' AND interval '31 days' AS a, interval '1 mon' IN (interval '30 days') AS b, interval '1 mon' IS DISTINCT FROM interval '30 days' AS c, CASE interval '1 mon' WHEN interval '30 days' THEN 'same' END AS d
 a | b | c |  d
---+---+---+------
 t | t | f | same
(1 row)

> SELECT timestamp '2024-03-02' - timestamp '2024-03-01' = interval '24 hours' AS a, timestamp '2024-03-02 12:00' - timestamp '2024-03-01' AS b
 a |       b
---+----------------
 t | 1 day 12:00:00
(1 row)

> SELECT max(x) OVER (ORDER BY n) FROM (VALUES (1, interval '30 days'), (2, interval '1 mon 1 day'), (3, interval '30 days')) t(n, x)
     max
-------------
 30 days
 1 mon 1 day
 1 mon 1 day
(3 rows)

# Arithmetic of times is checked.

> SELECT justify_days(interval '2147483647 months 30 days')
ERROR 22008: interval out of range

> SELECT justify_hours(interval '2147483647 days 24 hours')
ERROR 22008: interval out of range

> SELECT justify_interval(interval '2147483647 months 2147483647 days 48 hours')
ERROR 22008: interval out of range

> SELECT justify_interval(interval '1 mon -1 hour'), justify_days(interval '35 days'), justify_hours(interval '-27 hours')
 justify_interval | justify_days |   justify_hours
------------------+--------------+-------------------
 29 days 23:00:00 | 1 mon 5 days | -1 days -03:00:00
(1 row)

> SELECT interval '2147483647 days' + interval '1 day'
ERROR 22008: interval out of range

> SELECT interval '2147483647 months' * 2
ERROR 22008: interval out of range

> SELECT interval '1 day' * 1e300
ERROR 22008: interval out of range

> SELECT interval '1 day' / 0
ERROR 22012: division by zero

> SELECT interval '1 mon' / 2, 1.5 * interval '1 day', interval '1 day' - interval '25 hours'
 ?column? |    ?column?    |    ?column?
----------+----------------+-----------------
 15 days  | 1 day 12:00:00 | 1 day -25:00:00
(1 row)

> SELECT date '2024-01-01' + 2147483647
ERROR 22008: date out of range

> SELECT date '2024-01-01' - (-2147483648)
ERROR 22008: date out of range

> SELECT date '5874897-12-31' + 1
ERROR 22008: date out of range

> SELECT 1 + date '2024-02-28', date '2024-03-01' - 1, date 'infinity' + 5, date '2024-03-01' - date '2024-02-01'
  ?column?  |  ?column?  | ?column? | ?column?
------------+------------+----------+----------
 2024-02-29 | 2024-02-29 | infinity |       29
(1 row)

> SELECT timestamp '2000-01-01' - interval '2483590 days'
ERROR 22008: timestamp out of range

> SELECT timestamp '2024-01-01' + interval '2147483647 months'
ERROR 22008: timestamp out of range

> SELECT timestamp '2024-01-31' + interval '1 mon', timestamptz '2024-01-01 00:00+00' - interval '1 day', date '2024-01-01' + interval '1 hour', interval '1 hour' + date '2024-01-01', timestamp 'infinity' + interval '1 day'
      ?column?       |        ?column?        |      ?column?       |      ?column?       | ?column?
---------------------+------------------------+---------------------+---------------------+----------
 2024-02-29 00:00:00 | 2023-12-31 00:00:00+00 | 2024-01-01 01:00:00 | 2024-01-01 01:00:00 | infinity
(1 row)

> SELECT isfinite(timestamp 'infinity') AS a, isfinite(date '-infinity') AS b, isfinite(timestamp '2024-01-01') AS c
 a | b | c
---+---+---
 f | f | t
(1 row)

> SELECT age(timestamp '2001-04-10', timestamp '1957-06-13'), age(timestamp '1957-06-13', timestamp '2001-04-10')
           age           |            age
-------------------------+----------------------------
 43 years 9 mons 27 days | -43 years -9 mons -27 days
(1 row)

# Numbers at their bounds.

> SELECT abs(-2147483648)
ERROR 22003: integer out of range

> SELECT gcd((-2147483648)::int4, 0)
ERROR 22003: integer out of range

> SELECT gcd(12, 18), lcm(4, 6), abs(-5)
 gcd | lcm | abs
-----+-----+-----
   6 |  12 |   5
(1 row)

> SELECT to_char(12345678901::float8, 'FM9999999999D9999900000000000000000')
     to_char
-----------------
 ##########.####
(1 row)

> SELECT to_char(1e300::float8, '9999'), to_char('nan'::float8, '9999D99'), to_char('inf'::float8, 'FM9999')
 to_char | to_char | to_char
---------+---------+---------
  ####   |   NaN   | ####
(1 row)

> SELECT to_char(0.1, 'FM9.9999999999999999999999999999999999990'), to_char(12345, '999')
                to_char                 | to_char
----------------------------------------+---------
 .1000000000000000000000000000000000000 |  ###
(1 row)

> SELECT to_char(timestamp 'infinity', 'YYYY') IS NULL AS nothing, length(to_char(timestamp '2024-01-01', repeat('yyyy', 100000))) AS long
 nothing |  long
---------+--------
 t       | 400000
(1 row)

> SELECT * FROM (VALUES (1.0::float8), (1e20), (3)) t(x)
   x
-------
     1
 1e+20
     3
(3 rows)

> SELECT chr(0)
ERROR 54000: null character not permitted

> SELECT chr(1114112)
ERROR 54000: requested character too large for encoding: 1114112

# Regular expressions, paths and subqueries that have no defect to report.

> SELECT regexp_replace('abc', '(', 'x')
ERROR 2201B: invalid regular expression: parentheses () not balanced

> SELECT 'a' ~ '[b'
ERROR 2201B: invalid regular expression: brackets [] not balanced

> SELECT 'xy' ~ 'x(?=y)' AS found
 found
-------
 t
(1 row)

> SELECT 'bb' ~ '^(b)\1$' AS found
 found
-------
 t
(1 row)

> SELECT id FROM path WHERE name ~ '('
ERROR 2201B: invalid regular expression: parentheses () not balanced

> SELECT substring('foobar' FROM 'o(.)b'), substring('foo' FROM 'x(y)?') IS NULL AS none, substring('foobar' FROM 2 FOR 3)
 substring | none | substring
-----------+------+-----------
 o         | t    | oob
(1 row)

> SELECT '{"a": 1}'::jsonb #> '{}' AS json, '{"a": 1}'::jsonb #>> '{}' AS text, '{"a": {"b": 2}}'::jsonb #> '{a,b}' AS deep
   json   |   text   | deep
----------+----------+------
 {"a": 1} | {"a": 1} | 2
(1 row)

> SELECT a.x FROM (VALUES (1), (2)) a(x), (VALUES ((SELECT max(y) FROM (VALUES (2), (1)) b(y)))) c(z) WHERE a.x = c.z
 x
---
 2
(1 row)

> SELECT * FROM (VALUES (1, (SELECT 5)), (2, 6)) t(a, b) ORDER BY a
 a | b
---+---
 1 | 5
 2 | 6
(2 rows)

> SELECT '"\u0000"'::jsonb
ERROR 22P05: unsupported Unicode escape sequence
LINE 1: SELECT '"\u0000"'::jsonb
               ^
DETAIL: \u0000 cannot be converted to text.

# Arguments out of range.

> SELECT * FROM (VALUES (1)) t(x) LIMIT -1
ERROR 2201W: LIMIT must not be negative

> SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1)) t(x)
ERROR 22003: percentile value 1.5 is not between 0 and 1

> SELECT sum(x) OVER (ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) FROM (VALUES (1)) t(x)
ERROR 22013: frame starting offset must not be negative
LINE 1: SELECT sum(x) OVER (ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) FROM (VALUES (1)) t(x)
               ^

> SELECT nth_value(x, 0) OVER () FROM (VALUES (1)) t(x)
ERROR 22016: argument of nth_value must be greater than zero

> SELECT generate_series(1, 10, 0)
ERROR 22023: step size cannot equal zero

# A query names itself where that has a meaning.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
 n
---
 1
 2
 3
(3 rows)

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3
 n
---
 1
 2
 3
(3 rows)

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 5) SELECT count(*) FROM r
ERROR 0A000: LIMIT in a recursive query is not implemented
HINT: Write it in the query that reads from this one.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r OFFSET 1) SELECT count(*) FROM r
ERROR 0A000: OFFSET in a recursive query is not implemented
HINT: Write it in the query that reads from this one.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5 ORDER BY 1) SELECT * FROM r
ERROR 0A000: ORDER BY in a recursive query is not implemented
HINT: Write it in the query that reads from this one.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r FOR UPDATE) SELECT * FROM r
ERROR 0A000: FOR UPDATE/SHARE in a recursive query is not implemented
HINT: Write it in the query that reads from this one.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT count(*) FROM r) SELECT * FROM r LIMIT 3
ERROR 42P19: aggregate functions are not allowed in a recursive query's recursive term

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT sum(n)::int FROM r HAVING sum(n) < 9) SELECT * FROM r
ERROR 42P19: aggregate functions are not allowed in a recursive query's recursive term

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT o.n FROM (VALUES (1)) o(n) LEFT JOIN r ON r.n = o.n) SELECT * FROM r
ERROR 42P19: recursive reference to query "r" must not appear within an outer join

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT o.n FROM r RIGHT JOIN (VALUES (1)) o(n) ON r.n = o.n) SELECT * FROM r
ERROR 42P19: recursive reference to query "r" must not appear within an outer join

> WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT (SELECT * FROM r) FROM r WHERE n < 3) SELECT * FROM r
ERROR 42P19: recursive reference to query "r" must not appear within a subquery

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT a.n FROM r a, r b) SELECT * FROM r
ERROR 42P19: recursive reference to query "r" must not appear more than once

> WITH RECURSIVE r(n) AS (SELECT n FROM r UNION ALL SELECT 1) SELECT * FROM r
ERROR 42P19: recursive reference to query "r" must not appear within its non-recursive term

> WITH RECURSIVE r(n) AS (SELECT n + 1 FROM r) SELECT * FROM r
ERROR 42P19: recursive query "r" does not have the form non-recursive-term UNION [ALL] recursive-term

> WITH RECURSIVE r(n) AS (SELECT 1 EXCEPT SELECT n FROM r) SELECT * FROM r
ERROR 42P19: recursive query "r" does not have the form non-recursive-term UNION [ALL] recursive-term

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL (SELECT 2 INTERSECT SELECT n FROM r)) SELECT * FROM r
 n
---
 1
(1 row)

> WITH RECURSIVE s(n) AS (SELECT 3 UNION ALL SELECT 1 ORDER BY 1 LIMIT 1) SELECT * FROM s
 n
---
 1
(1 row)


# The least number has no counterpart, and a numeric beside a float is compared as a float.

> SELECT -x FROM (VALUES ('-2147483648'::int)) v(x)
ERROR 22003: integer out of range

> SELECT 'NaN'::float8 <= n FROM (VALUES (1::numeric)) v(n)
 ?column?
----------
 f
(1 row)

# Sums that do not fit their type are errors; the sum of bigint is numeric.

> CREATE TABLE sums (id int PRIMARY KEY, g int, i8 bigint, i4 int, i2 smallint, f float8)
CREATE TABLE

> INSERT INTO sums VALUES (1, 1, 9223372036854775807, 2147483647, 32767, 1.7e308), (2, 1, 9223372036854775807, 2147483647, 32767, 1.7e308), (3, 2, 1, 1, 1, 1), (4, 2, NULL, NULL, NULL, NULL)
INSERT 0 4

> SELECT sum(i8), pg_typeof(sum(i8)), sum(i4), pg_typeof(sum(i4)), sum(i2), pg_typeof(sum(i2)) FROM sums
         sum          | pg_typeof |    sum     | pg_typeof |  sum  | pg_typeof
----------------------+-----------+------------+-----------+-------+-----------
 18446744073709551615 | numeric   | 4294967295 | bigint    | 65535 | bigint
(1 row)

> SELECT g, sum(i8), count(*) FROM sums GROUP BY g ORDER BY g
 g |         sum          | count
---+----------------------+-------
 1 | 18446744073709551614 |     2
 2 |                    1 |     2
(2 rows)

> SELECT id, sum(i8) OVER (ORDER BY id), sum(i8) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM sums ORDER BY id
 id |         sum          |         sum
----+----------------------+----------------------
  1 |  9223372036854775807 |  9223372036854775807
  2 | 18446744073709551614 | 18446744073709551614
  3 | 18446744073709551615 |  9223372036854775808
  4 | 18446744073709551615 |                    1
(4 rows)

> SELECT sum(DISTINCT i8), sum(DISTINCT i4), sum(i8) FILTER (WHERE id > 1), sum(i8) + 1 FROM sums
         sum         |    sum     |         sum         |       ?column?
---------------------+------------+---------------------+----------------------
 9223372036854775808 | 2147483648 | 9223372036854775808 | 18446744073709551616
(1 row)

> SELECT sum(i8) FROM sums WHERE false
 sum
------
 NULL
(1 row)

> SELECT sum(i8) + sum(DISTINCT i4) AS both, count(DISTINCT g) FROM sums
         both         | count
----------------------+-------
 18446744075857035263 |     2
(1 row)

> SELECT sum(i8)::bigint FROM sums
ERROR 22003: bigint out of range

> SELECT sum(f) FROM sums
ERROR 22003: value out of range: overflow

> SELECT g, sum(f) FROM sums GROUP BY g ORDER BY g
ERROR 22003: value out of range: overflow

> SELECT avg(f) FROM sums
ERROR 22003: value out of range: overflow

> SELECT sum(f) OVER (ORDER BY id) FROM sums
ERROR 22003: value out of range: overflow

> SELECT id, sum(f) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), avg(f) OVER (ORDER BY id ROWS CURRENT ROW) FROM sums WHERE id > 1 ORDER BY id
 id |   sum    |   avg
----+----------+----------
  2 | 1.7e+308 | 1.7e+308
  3 | 1.7e+308 |        1
  4 |        1 |     NULL
(3 rows)

> SELECT sum(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, 'Infinity'::float8), (2, 1), (3, 2)) v(n, x)
   sum
----------
 Infinity
 Infinity
        3
(3 rows)

> SELECT sum(n), avg(n) FROM (VALUES (9000000000000000000000000000::numeric), (9000000000000000000000000000)) v(n)
              sum              |             avg
-------------------------------+------------------------------
 18000000000000000000000000000 | 9000000000000000000000000000
(1 row)

> SELECT sum(x), avg(x), count(x) FROM (VALUES (interval '1 day'), (interval '2 hours'), (NULL)) v(x)
      sum       |   avg    | count
----------------+----------+-------
 1 day 02:00:00 | 13:00:00 |     2
(1 row)

> SELECT n % 2, sum(x), avg(x) FROM (VALUES (1, interval '1 day'), (2, interval '2 hours'), (3, interval '1 mon')) v(n, x) GROUP BY 1 ORDER BY 1
 ?column? |     sum     |       avg
----------+-------------+------------------
        0 | 02:00:00    | 02:00:00
        1 | 1 mon 1 day | 15 days 12:00:00
(2 rows)

> SELECT sum(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, interval '1 day'), (2, interval '2 hours'), (3, interval '1 mon')) v(n, x)
      sum
----------------
 1 day
 1 day 02:00:00
 1 mon 02:00:00
(3 rows)

> SELECT sum(x) FROM (VALUES (interval '2147483647 days'), (interval '1 day')) v(x)
ERROR 22008: interval out of range

> SELECT avg(x) FROM (VALUES (interval '2147483647 days'), (interval '1 day')) v(x)
ERROR 22008: interval out of range

# Intervals and JSON are compared by value wherever two of them meet.

> SELECT interval '1 mon' UNION SELECT interval '30 days'
 interval
----------
 1 mon
(1 row)

> SELECT interval '1 mon' INTERSECT SELECT interval '30 days'
 interval
----------
 1 mon
(1 row)

> SELECT interval '1 mon' EXCEPT SELECT interval '30 days'
 interval
----------
(0 rows)

> SELECT interval '1 mon' EXCEPT ALL SELECT interval '30 days'
 interval
----------
(0 rows)

> SELECT * FROM (VALUES (interval '1 mon')) a(x) JOIN (VALUES (interval '30 days')) b(x) USING (x)
   x
-------
 1 mon
(1 row)

> SELECT * FROM (VALUES (interval '1 mon')) a(x) NATURAL JOIN (VALUES (interval '30 days')) b(x)
   x
-------
 1 mon
(1 row)

> SELECT x IN (SELECT interval '30 days'), x NOT IN (SELECT interval '30 days'), x = ANY (SELECT interval '30 days'), x > ALL (SELECT interval '30 days') FROM (VALUES (interval '1 mon')) a(x)
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 t        | f        | t        | f
(1 row)

> SELECT x FROM (VALUES (interval '1 mon'), (interval '31 days')) a(x) WHERE x IN (SELECT interval '30 days')
   x
-------
 1 mon
(1 row)

> SELECT DISTINCT ON (x) n FROM (VALUES (interval '1 mon', 1), (interval '30 days', 2)) t(x, n) ORDER BY x, n
 n
---
 1
(1 row)

> SELECT DISTINCT ON (x) n FROM (VALUES (interval '30 days', 1), (interval '1 mon', 2)) t(x, n) ORDER BY x, n DESC
 n
---
 2
(1 row)

> SELECT array[interval '1 mon'] = array[interval '30 days'] AS a, array[interval '1 mon'] < array[interval '31 days'] AS b, array_position(array[interval '1 mon'], interval '30 days') AS c, interval '1 mon' = ANY (array[interval '30 days']) AS d
 a | b | c | d
---+---+---+---
 t | t | 1 | t
(1 row)

> SELECT array[x] AS y, count(*) FROM (VALUES (interval '1 mon'), (interval '30 days')) t(x) GROUP BY array[x]
     y     | count
-----------+-------
 {"1 mon"} |     2
(1 row)

> SELECT jsonb '1' UNION SELECT jsonb '1.0'
 jsonb
-------
 1
(1 row)

> SELECT jsonb '1' IN (SELECT jsonb '1.0') AS a, jsonb '1' NOT IN (SELECT jsonb '2') AS b
 a | b
---+---
 t | t
(1 row)

> SELECT * FROM (VALUES (jsonb '1')) a(x) JOIN (VALUES (jsonb '1.0')) b(x) USING (x)
 x
---
 1
(1 row)

> SELECT DISTINCT ON (x) n FROM (VALUES (jsonb '1', 1), (jsonb '1.0', 2)) t(x, n) ORDER BY x, n
 n
---
 1
(1 row)

# SIMILAR TO fits whole texts.

> SELECT 'abc' SIMILAR TO 'b' AS a, 'abc' SIMILAR TO 'abc' AS b, 'abc' SIMILAR TO 'a%' AS c, 'abc' SIMILAR TO '%(b|d)%' AS d, 'abc' SIMILAR TO '(b|c)%' AS e, 'abc' NOT SIMILAR TO 'a_c' AS f
 a | b | c | d | e | f
---+---+---+---+---+---
 f | t | t | t | f | f
(1 row)

> SELECT 'abc' SIMILAR TO 'a.c' AS a, 'a^$' SIMILAR TO 'a^$' AS b, 'a%c' SIMILAR TO 'a\%c' AS c, 'a%c' SIMILAR TO 'a#%c' ESCAPE '#' AS d, 'aaa' SIMILAR TO 'a{2}' AS e, 'abc' SIMILAR TO NULL AS f
 a | b | c | d | e |  f
---+---+---+---+---+------
 f | t | t | t | f | NULL
(1 row)

> SELECT id FROM path WHERE name SIMILAR TO '%(x|_)b' ORDER BY id
 id
----
  1
  2
  4
(3 rows)

> SELECT id, name SIMILAR TO pattern ESCAPE '/' AS fits FROM path ORDER BY id
 id | fits
----+------
  1 | t
  2 | f
  4 | f
  5 | NULL
(4 rows)

> SELECT 'a' SIMILAR TO 'a' ESCAPE 'xx'
ERROR 22025: invalid escape string
LINE 1: SELECT 'a' SIMILAR TO 'a' ESCAPE 'xx'
                                         ^
HINT: Escape string must be empty or one character.

> SELECT 'a' SIMILAR TO '('
ERROR 2201B: invalid regular expression: parentheses () not balanced

# A whole number and a float4 are compared and computed as float8.

> SELECT n = x AS equal, n > x AS greater, n + x AS sum, x IN (16777217) AS listed, x BETWEEN 16777217 AND 16777218 AS between, CASE x WHEN 16777217 THEN 'same' ELSE 'other' END AS c FROM (VALUES (16777217, '16777216'::float4)) v(n, x)
 equal | greater |   sum    | listed | between |   c
-------+---------+----------+--------+---------+-------
 f     | t       | 33554433 | f      | f       | other
(1 row)

> SELECT x = 3 AS a, 3 >= x AS b, x < 3.5 AS c, x + 1::smallint AS d FROM (VALUES ('3'::float4)) v(x)
 a | b | c | d
---+---+---+---
 t | t | t | 4
(1 row)

# Paths of jsonb_set.

> SELECT jsonb_set('{"a": [1, 2, 3]}', '{a,-1}', '9') AS last, jsonb_set('{"a": [1, 2, 3]}', '{a,-5}', '9') AS before, jsonb_set('{"a": [1, 2, 3]}', '{a,5}', '9') AS behind, jsonb_set('{"a": [1]}', '{a,5}', '9', false) AS kept, jsonb_set('{"a": 1}', '{b,c}', '9') AS nowhere, jsonb_set('{"a": 1}', '{a}', NULL) AS nothing
       last       |       before        |       behind        |    kept    | nowhere  | nothing
------------------+---------------------+---------------------+------------+----------+---------
 {"a": [1, 2, 9]} | {"a": [9, 1, 2, 3]} | {"a": [1, 2, 3, 9]} | {"a": [1]} | {"a": 1} | NULL
(1 row)

> SELECT jsonb_set('[1, 2]', '{x}', '9')
ERROR 22P02: path element at position 1 is not an integer: "x"

> SELECT jsonb_set('[1, 2]', '{2147483648}', '9')
ERROR 22P02: path element at position 1 is not an integer: "2147483648"

> SELECT jsonb_set('5', '{a}', '9')
ERROR 22023: cannot set path in scalar

> SELECT jsonb_set('{"a": 1}', '{a,NULL}', '9')
ERROR 22004: path element at position 2 is null

> SELECT '{"a": [1, 2]}'::jsonb #- '{a,x}'
ERROR 22P02: path element at position 2 is not an integer: "x"

# Arguments that a function does not take.

> SELECT substring('abc' FROM 2 FOR -1)
ERROR 22011: negative substring length not allowed

> SELECT overlay('abc' PLACING 'x' FROM 0)
ERROR 22011: negative substring length not allowed

> SELECT split_part('a,b', ',', 0)
ERROR 22023: field position must not be zero

> SELECT ntile(0) OVER () FROM (VALUES (1)) t(x)
ERROR 22014: argument of ntile must be greater than zero

> SELECT decode('zz', 'hex')
ERROR 22023: invalid hexadecimal digit: "z"

> SELECT decode('a*', 'base64')
ERROR 22023: invalid symbol "*" found while decoding base64 sequence

> SELECT decode('a', 'nope')
ERROR 22023: unrecognized encoding: "nope"

> SELECT date_trunc('nope', timestamp '2024-01-01')
ERROR 22023: unit "nope" not recognized for type timestamp without time zone

> SELECT extract(nope FROM timestamp '2024-01-01')
ERROR 22023: unit "nope" not recognized for type timestamp without time zone

> SELECT sqrt(-1)
ERROR 2201F: cannot take square root of a negative number

> SELECT ln(0)
ERROR 2201E: cannot take logarithm of zero

> SELECT log(-1::float8)
ERROR 2201E: cannot take logarithm of a negative number

> SELECT ln(x), log(x), log(2, 8::numeric), exp(x), power(x, 0.5) FROM (VALUES (1::float8)) v(x)
 ln | log |        log         |        exp        | power
----+-----+--------------------+-------------------+-------
  0 |   0 | 3.0000000000000000 | 2.718281828459045 |     1
(1 row)

> SELECT power(0, -1)
ERROR 2201F: zero raised to a negative power is undefined

> SELECT power(-1::float8, 0.5)
ERROR 2201F: a negative number raised to a non-integer power yields a complex result

> SELECT power(10::float8, 400)
ERROR 22003: value out of range: overflow

> SELECT exp(1000::float8)
ERROR 22003: value out of range: overflow

> SELECT acos(2)
ERROR 22003: input is out of range

> SELECT sin('Infinity'::float8)
ERROR 22003: input is out of range

> SELECT x FROM (VALUES (1)) t(x) ORDER BY 2
ERROR 42P10: ORDER BY position 2 is not in select list

> SELECT x FROM (VALUES (1)) t(x) ORDER BY 0
ERROR 42P10: ORDER BY position 0 is not in select list

> SELECT x FROM (VALUES (1)) t(x) ORDER BY -1
ERROR 42P10: ORDER BY position -1 is not in select list
LINE 1: SELECT x FROM (VALUES (1)) t(x) ORDER BY -1
                                                  ^

> SELECT x FROM (VALUES (1)) t(x) GROUP BY 2
ERROR 42P10: GROUP BY position 2 is not in select list

> SELECT x FROM (VALUES (1)) t(x) OFFSET -1
ERROR 2201X: OFFSET must not be negative

> SELECT width_bucket(1::float8, 0, 10, 0)
ERROR 2201G: count must be greater than zero

> SELECT chr(-1)
ERROR 22023: character number must be positive

> SELECT make_date(2024, 2, 30)
ERROR 22008: date field value out of range: 2024-02-30

# Times by their formats.

> SELECT to_date('2024-01-15', 'YYYY-MM-DD') AS a, to_date('15 Jan 2024', 'DD Mon YYYY') AS b, to_date('20240115', 'YYYYMMDD') AS c, to_date('15/1/24', 'DD/MM/YY') AS d, to_timestamp('2024-01-15 10:11:12', 'YYYY-MM-DD HH24:MI:SS') AS e, to_timestamp('2024-01-15 10:11 PM', 'YYYY-MM-DD HH12:MI AM') AS f
     a      |     b      |     c      |     d      |           e            |           f
------------+------------+------------+------------+------------------------+------------------------
 2024-01-15 | 2024-01-15 | 2024-01-15 | 2024-01-15 | 2024-01-15 10:11:12+00 | 2024-01-15 22:11:00+00
(1 row)

> SELECT to_date('x', 'YYYY')
ERROR 22007: invalid value "x" for "YYYY"
DETAIL: Value must be an integer.

> SELECT to_timestamp('2024 Foo', 'YYYY Mon')
ERROR 22007: invalid value "Foo" for "Mon"
DETAIL: The given value did not match any of the allowed values for this field.

> SELECT to_date('2024-02-30', 'YYYY-MM-DD')
ERROR 22008: date/time field value out of range: "2024-02-30"

> SELECT to_timestamp('13', 'HH12')
ERROR 22007: hour "13" is invalid for the 12-hour clock
HINT: Use the 24-hour clock, or give an hour between 1 and 12.

> SELECT round(2.5::float8) AS a, round(-2.5::float8) AS b, round(3.5::float8) AS c, round(2.5) AS d
 a | b  | c | d
---+----+---+---
 2 | -2 | 4 | 3
(1 row)

> SELECT generate_series(timestamp '2024-01-01', timestamp '2024-01-02', interval '0')
ERROR 22023: step size cannot equal zero

> SELECT name -> 'a' FROM path
ERROR 42883: operator does not exist: text -> unknown
LINE 1: SELECT name -> 'a' FROM path
                    ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

# A list with a value that each row computes.

> SELECT x, 1 IN (0, CASE WHEN x THEN 1 WHEN NULL::bool THEN 2 ELSE 3 END) AS found, 1 NOT IN (0, CASE WHEN x THEN 1 WHEN NULL::bool THEN 2 ELSE 3 END) AS absent, 1 IN (0, CASE WHEN x THEN 1 END) AS unknown FROM (VALUES (true), (false)) t(x)
 x | found | absent | unknown
---+-------+--------+---------
 t | t     | f      | t
 f | f     | t      | NULL
(2 rows)

# Dates and times of their parts.

> SELECT make_time(13,45,10.5), make_time(23,59,60), make_time(24,0,0), make_time(0,0,0.0000005), make_time(8,15,59.9999999)
 make_time  | make_time | make_time | make_time | make_time
------------+-----------+-----------+-----------+-----------
 13:45:10.5 | 24:00:00  | 24:00:00  | 00:00:00  | 08:16:00
(1 row)

> SELECT make_time(25,0,0)
ERROR 22008: time field value out of range: 25:00:00

> SELECT make_time(24,0,0.1)
ERROR 22008: time field value out of range: 24:00:0.1

> SELECT make_time(1,60,0)
ERROR 22008: time field value out of range: 1:60:00

> SELECT make_time(1,-1,0)
ERROR 22008: time field value out of range: 1:-1:00

> SELECT make_time(1,1,60.5)
ERROR 22008: time field value out of range: 1:01:60.5

> SELECT make_time(1,1,'NaN'::float8)
ERROR 22008: time field value out of range: 1:01:NaN

> SELECT make_time(1,1,-0.5)
ERROR 22008: time field value out of range: 1:01:-0.5

> SELECT make_time(-1,1,0)
ERROR 22008: time field value out of range: -1:01:00

> SELECT make_time(null,1,0), make_time('8','15','23.5'), pg_typeof(make_time(1,1,1))
 make_time | make_time  |       pg_typeof
-----------+------------+------------------------
 NULL      | 08:15:23.5 | time without time zone
(1 row)

> SELECT make_time(1.5,1,0)
ERROR 42883: function make_time(numeric, integer, integer) does not exist
LINE 1: SELECT make_time(1.5,1,0)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT make_time(1,1)
ERROR 42883: function make_time(integer, integer) does not exist
LINE 1: SELECT make_time(1,1)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT make_date(2013,7,15), make_date(-44,3,15), make_date(9999999,1,1)
ERROR 22008: date out of range: 9999999-01-01

> SELECT make_date(5874897,12,31), make_date(-4713,11,24)
   make_date   |   make_date
---------------+---------------
 5874897-12-31 | 4713-11-24 BC
(1 row)

> SELECT make_date(0,1,1)
ERROR 22008: date field value out of range: 0-01-01

> SELECT make_date(2013,13,1)
ERROR 22008: date field value out of range: 2013-13-01

> SELECT make_date(2013,2,30)
ERROR 22008: date field value out of range: 2013-02-30

> SELECT make_timestamp(2013,7,15,8,15,23.5), make_timestamp(-44,3,15,12,30,15), make_timestamp(2014,12,28,6,30,45.887), pg_typeof(make_timestamp(2013,7,15,8,15,23.5)), make_timestamp(2013,7,15,24,0,0),make_timestamp(2013,7,15,23,59,60)
    make_timestamp     |     make_timestamp     |     make_timestamp      |          pg_typeof          |   make_timestamp    |   make_timestamp
-----------------------+------------------------+-------------------------+-----------------------------+---------------------+---------------------
 2013-07-15 08:15:23.5 | 0044-03-15 12:30:15 BC | 2014-12-28 06:30:45.887 | timestamp without time zone | 2013-07-16 00:00:00 | 2013-07-16 00:00:00
(1 row)

> SELECT make_timestamp(0,7,15,12,30,15)
ERROR 22008: date field value out of range: 0-07-15

> SELECT make_timestamp(2013,7,15,25,0,0)
ERROR 22008: time field value out of range: 25:00:00

> SELECT make_timestamp(2013,7,32,1,0,0)
ERROR 22008: date field value out of range: 2013-07-32

> SELECT make_timestamp(294277,1,1,0,0,0)
ERROR 22008: timestamp out of range: 294277-01-01 0:00:00

> SELECT make_timestamp(5874898,1,1,0,0,0)
ERROR 22008: date out of range: 5874898-01-01

> SELECT make_timestamptz(2013,7,15,8,15,23.5), make_timestamptz(2013,7,15,8,15,23.5,'America/New_York'), make_timestamptz(2013,7,15,8,15,23.5,'+2'), make_timestamptz(1973,7,15,8,15,55.33,'EST'), make_timestamptz(2014,12,10,10,10,10,'EST5EDT'),make_timestamptz(2013,7,15,8,15,23.5,'+05:30')
     make_timestamptz     |     make_timestamptz     |     make_timestamptz     |     make_timestamptz      |    make_timestamptz    |     make_timestamptz
--------------------------+--------------------------+--------------------------+---------------------------+------------------------+--------------------------
 2013-07-15 08:15:23.5+00 | 2013-07-15 12:15:23.5+00 | 2013-07-15 06:15:23.5+00 | 1973-07-15 13:15:55.33+00 | 2014-12-10 15:10:10+00 | 2013-07-15 02:45:23.5+00
(1 row)

> SELECT make_timestamptz(2013,7,15,8,15,23.5,'Nowhere/Else')
ERROR 22023: time zone "Nowhere/Else" not recognized

> SELECT make_timestamptz(2013,7,15,8,15,23.5,'2')
ERROR 22023: invalid input syntax for type numeric time zone: "2"
HINT: Numeric time zones must have "-" or "+" as first character.

> SELECT make_timestamptz(2013,7,15,8,15,23.5,'+16')
ERROR 22023: numeric time zone "+16" out of range

> SELECT make_timestamptz(2014,3,9,2,30,0,'America/New_York'),make_timestamptz(2014,11,2,1,30,0,'America/New_York')
    make_timestamptz    |    make_timestamptz
------------------------+------------------------
 2014-03-09 07:30:00+00 | 2014-11-02 06:30:00+00
(1 row)

> SELECT make_interval(1,2,3,4,5,6,7.5), make_interval(days => 10, secs => 1.25), make_interval(secs => 1e-7), make_interval(), make_interval(0,0,0,0,0,0,'1.5')
          make_interval           |    make_interval    | make_interval | make_interval | make_interval
----------------------------------+---------------------+---------------+---------------+---------------
 1 year 2 mons 25 days 05:06:07.5 | 10 days 00:00:01.25 | 00:00:00      | 00:00:00      | 00:00:01.5
(1 row)

> SELECT make_interval(secs => 'inf')
ERROR 22008: interval out of range

> SELECT make_interval(secs => 1e18)
ERROR 22008: interval out of range

> SELECT make_interval(years => 178956971)
ERROR 22008: interval out of range

> SELECT make_interval(1,2,3,4,5,6,7,8)
ERROR 42883: function make_interval(integer, integer, integer, integer, integer, integer, integer, integer) does not exist
LINE 1: SELECT make_interval(1,2,3,4,5,6,7,8)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT to_timestamp(1.5), to_timestamp('inf'::float8)
       to_timestamp       | to_timestamp
--------------------------+--------------
 1970-01-01 00:00:01.5+00 | infinity
(1 row)

> SELECT make_time(second => 1.5, hour=>1, min=>2)
ERROR 42883: function make_time() has no such arguments
LINE 1: SELECT make_time(second => 1.5, hour=>1, min=>2)
               ^
HINT: Its arguments are called hour, min, sec.

> SELECT make_time(sec => 1.5, hour=>1, min=>2)
 make_time
------------
 01:02:01.5
(1 row)

> SELECT make_date(year => 2013, month => 7, day => 15)
 make_date
------------
 2013-07-15
(1 row)

> SELECT make_timestamp(-44,13,1,0,0,0)
ERROR 22008: date field value out of range: -44-13-01

> SELECT make_timestamp(-4800,1,1,0,0,0)
ERROR 22008: date out of range: -4800-01-01

> SELECT make_time(1,1,123456.75)
ERROR 22008: time field value out of range: 1:01:123457

> SELECT make_timestamptz(2020,1,1,0,0,0,'+5:30') AS a, make_timestamptz(2020,1,1,0,0,0,'-0330') AS b, timestamp '2014-11-02 01:30' AT TIME ZONE 'America/New_York' AS c, '2014-11-02 01:30 America/New_York'::timestamptz AS d
           a            |           b            |           c            |           d
------------------------+------------------------+------------------------+------------------------
 2019-12-31 18:30:00+00 | 2020-01-01 03:30:00+00 | 2014-11-02 06:30:00+00 | 2014-11-02 06:30:00+00
(1 row)

> SELECT make_timestamptz(2020,1,1,0,0,0,'+abc')
ERROR 22023: time zone "+abc" not recognized

> SELECT make_timestamptz(2020,1,1,0,0,0,'')
ERROR 22023: time zone "" not recognized

> SELECT make_timestamptz(2020,1,1,0,0,0,'+5:99')
ERROR 22023: numeric time zone "+5:99" out of range

> SELECT make_interval(secs => 1.0000005), make_interval(secs=>-0.0000005), make_interval(secs=>'NaN')
ERROR 22008: interval out of range

# Arrays: NULL is a value to remove, and elements stand for arguments.

> SELECT array_remove(ARRAY[1,2,NULL,2], NULL) AS a, array_remove(ARRAY[1,2,NULL,2], NULL::int) AS b, array_remove(ARRAY[1,2,NULL,2], 2) AS c, array_remove(ARRAY['a',NULL], NULL) AS d, array_remove('{1,2}'::int[], 2) AS e, array_remove(NULL::int[], 1) IS NULL AS f
    a    |    b    |    c     |  d  |  e  | f
---------+---------+----------+-----+-----+---
 {1,2,2} | {1,2,2} | {1,NULL} | {a} | {1} | t
(1 row)

> SELECT array_remove(array_agg(x ORDER BY x), y) FROM (VALUES (1),(NULL),(3)) v(x), (VALUES (NULL::int),(1)) w(y) GROUP BY y ORDER BY y
 array_remove
--------------
 {3,NULL}
 {1,3}
(2 rows)

> SELECT concat(VARIADIC ARRAY['a','b']) AS a, concat_ws(',', VARIADIC ARRAY['a',NULL,'b']) AS b, format('%s-%s', VARIADIC ARRAY['a','b']) AS c, format('%s-%s', VARIADIC ARRAY[1,2]) AS d, format('x', VARIADIC NULL::text[]) AS e
 a  |  b  |  c  |  d  | e
----+-----+-----+-----+---
 ab | a,b | a-b | 1-2 | x
(1 row)

> SELECT jsonb_build_array(VARIADIC ARRAY[1,2]) AS a, json_build_array(VARIADIC ARRAY['a']) AS b, jsonb_build_object(VARIADIC ARRAY['a','1','b','2']) AS c, jsonb_build_array(VARIADIC NULL::int[]) IS NULL AS d, jsonb_build_array(VARIADIC ARRAY[[1,2],[3,4]]) AS e
   a    |   b   |          c           | d |      e
--------+-------+----------------------+---+--------------
 [1, 2] | ["a"] | {"a": "1", "b": "2"} | t | [1, 2, 3, 4]
(1 row)

> SELECT jsonb_extract_path('{"a":{"b":1}}'::jsonb, VARIADIC ARRAY['a','b']) AS a, jsonb_extract_path_text('{"a":{"b":1}}'::jsonb, VARIADIC '{a,b}') AS b
 a | b
---+---
 1 | 1
(1 row)

> SELECT concat(VARIADIC NULL::text[]) IS NULL AS a, concat(VARIADIC '{}'::text[]) AS b, concat_ws('-', VARIADIC array_agg(x)) AS c FROM (VALUES (1),(2)) v(x)
 a | b |  c
---+---+-----
 t |   | 1-2
(1 row)

> SELECT concat(VARIADIC 'a')
ERROR 22P02: malformed array literal: "a"
DETAIL: Array value must start with "{" or dimension information.

> SELECT concat(VARIADIC 1)
ERROR 42804: VARIADIC argument must be an array
LINE 1: SELECT concat(VARIADIC 1)
               ^

> SELECT concat('x', VARIADIC ARRAY['a','b'])
ERROR 42883: function concat(text, text[]) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT length(VARIADIC ARRAY['a'])
ERROR 42883: function length() does not take its arguments as a VARIADIC array
LINE 1: SELECT length(VARIADIC ARRAY['a'])
               ^
HINT: Give them one by one.

> SELECT greatest(VARIADIC ARRAY[1,2])
ERROR 42601: syntax error at or near "variadic"
LINE 1: SELECT greatest(VARIADIC ARRAY[1,2])
                        ^

> SELECT concat(VARIADIC ARRAY['a'], 'b')
ERROR 42601: syntax error at or near "variadic"
LINE 1: SELECT concat(VARIADIC ARRAY['a'], 'b')
                      ^

> SELECT VARIADIC ARRAY[1]
ERROR 42601: syntax error at or near "variadic"
LINE 1: SELECT VARIADIC ARRAY[1]
               ^
