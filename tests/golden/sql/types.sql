# Every type keeps its value; text forms are PostgreSQL's.

> CREATE TABLE kinds (id int PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, np numeric(10,3), t text, v varchar(20), c char(4), by bytea, j json, jb jsonb, d date, tm time, ts timestamp, tz timestamptz, u uuid, ve vector(2))
CREATE TABLE

> INSERT INTO kinds VALUES (1, true, -32768, 2147483647, -9223372036854775808, 1.1, 0.1, 12345678901234567890.000100, 1.5, 'täxt ''quoted''', 'short', 'ab', '\x00ff10', '{"a" : 1}', '{"b":  [1, 2.50]}', '2024-02-29', '23:59:59.123456', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+03', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '[0.5,-1]')
INSERT 0 1

> INSERT INTO kinds (id) VALUES (2)
INSERT 0 1

> INSERT INTO kinds (id, b, f4, f8, t, by, d, ts, tz, tm) VALUES (3, 'off', '-Infinity', 'NaN', '', '', '0001-01-01', 'infinity', '1969-12-31 23:59:59.999999+00', '00:00')
INSERT 0 1

> SELECT b, i2, i4, i8, f4, f8 FROM kinds ORDER BY id
  b   |   i2   |     i4     |          i8          |    f4     |  f8
------+--------+------------+----------------------+-----------+------
 t    | -32768 | 2147483647 | -9223372036854775808 |       1.1 |  0.1
 NULL |   NULL |       NULL |                 NULL |      NULL | NULL
 f    |   NULL |       NULL |                 NULL | -Infinity |  NaN
(3 rows)

> SELECT n, np, t, v, c, by FROM kinds ORDER BY id
              n              |  np   |       t       |   v   |  c   |    by
-----------------------------+-------+---------------+-------+------+----------
 12345678901234567890.000100 | 1.500 | täxt 'quoted' | short | ab   | \x00ff10
                        NULL |  NULL | NULL          | NULL  | NULL | NULL
                        NULL |  NULL |               | NULL  | NULL | \x
(3 rows)

> SELECT j, jb, d, tm FROM kinds ORDER BY id
     j     |        jb        |     d      |       tm
-----------+------------------+------------+-----------------
 {"a" : 1} | {"b": [1, 2.50]} | 2024-02-29 | 23:59:59.123456
 NULL      | NULL             | NULL       | NULL
 NULL      | NULL             | 0001-01-01 | 00:00:00
(3 rows)

> SELECT ts, tz, u, ve FROM kinds ORDER BY id
          ts           |              tz               |                  u                   |    ve
-----------------------+-------------------------------+--------------------------------------+----------
 2024-02-29 12:00:00.5 | 2024-02-29 09:00:00+00        | a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | [0.5,-1]
 NULL                  | NULL                          | NULL                                 | NULL
 infinity              | 1969-12-31 23:59:59.999999+00 | NULL                                 | NULL
(3 rows)

> SELECT pg_typeof(b), pg_typeof(i2), pg_typeof(n), pg_typeof(tz), pg_typeof(jb), pg_typeof(ve), pg_typeof(v) FROM kinds WHERE id = 1
 pg_typeof | pg_typeof | pg_typeof |        pg_typeof         | pg_typeof | pg_typeof |     pg_typeof
-----------+-----------+-----------+--------------------------+-----------+-----------+-------------------
 boolean   | smallint  | numeric   | timestamp with time zone | jsonb     | vector    | character varying
(1 row)

> SELECT 1.0::float8, 1e21::float8, 1e-7::float8, 100000::float4, 1e15::float8, '-0'::float8
 float8 | float8 | float8 | float4 | float8 | float8
--------+--------+--------+--------+--------+--------
      1 |  1e+21 |  1e-07 | 100000 |  1e+15 |     -0
(1 row)

> SELECT 0.1::float4, 0.1::float4::float8, (0.1 + 0.2)::float8, 0.1::float8 + 0.2::float8
 float4 |       float8        | float8 |      ?column?
--------+---------------------+--------+---------------------
    0.1 | 0.10000000149011612 |    0.3 | 0.30000000000000004
(1 row)

> SELECT 1.10 + 2.205, 1.5 * 2.25, 10::numeric / 4, round(2.5), round(-2.5), round(1.005, 2)
 ?column? | ?column? |      ?column?      | round | round | round
----------+----------+--------------------+-------+-------+-------
    3.305 |    3.375 | 2.5000000000000000 |     3 |    -3 |  1.01
(1 row)

> SELECT 5 / 2, -5 / 2, 5 % -3, 5.0 / 2
 ?column? | ?column? | ?column? |      ?column?
----------+----------+----------+--------------------
        2 |       -2 |        2 | 2.5000000000000000
(1 row)

> SELECT '2024-01-15'::date + 30, '2024-01-15'::date - '2023-12-25'::date
  ?column?  | ?column?
------------+----------
 2024-02-14 |       21
(1 row)

> SELECT '1 day'::interval + '02:03:04'::interval, interval '90 minutes', '1 mon -1 days'::interval
    ?column?    | interval |   interval
----------------+----------+---------------
 1 day 02:03:04 | 01:30:00 | 1 mon -1 days
(1 row)

> SELECT '2024-06-15 12:00:00+02'::timestamptz, '2024-06-15 12:00:00'::timestamp::date
      timestamptz       |    date
------------------------+------------
 2024-06-15 10:00:00+00 | 2024-06-15
(1 row)

> SELECT true::text, 1::bool, 't'::bool, 'no'::bool
 text | bool | bool | bool
------+------+------+------
 true | t    | t    | f
(1 row)

> SELECT '12'::int + 1, ' 12 '::int, '0x1F'::int, '1_000'::int
 ?column? | int4 | int4 | int4
----------+------+------+------
       13 |   12 |   31 | 1000
(1 row)

> SELECT 'abc'::int
ERROR 22P02: invalid input syntax for type integer: "abc"
LINE 1: SELECT 'abc'::int
               ^

> SELECT ''::int
ERROR 22P02: invalid input syntax for type integer: ""
LINE 1: SELECT ''::int
               ^

> SELECT 'x'::bool
ERROR 22P02: invalid input syntax for type boolean: "x"
LINE 1: SELECT 'x'::bool
               ^

> SELECT '2024-02-30'::date
ERROR 22008: date/time field value out of range: "2024-02-30"
LINE 1: SELECT '2024-02-30'::date
               ^

> SELECT 'tomorrowish'::date
ERROR 22007: invalid input syntax for type date: "tomorrowish"
LINE 1: SELECT 'tomorrowish'::date
               ^

> SELECT '25:00'::time
ERROR 22008: date/time field value out of range: "25:00"
LINE 1: SELECT '25:00'::time
               ^

> SELECT '99999999999'::int
ERROR 22003: value "99999999999" is out of range for type integer
LINE 1: SELECT '99999999999'::int
               ^

> SELECT 40000::int2
ERROR 22003: smallint out of range
LINE 1: SELECT 40000::int2
               ^

> SELECT 2147483647 + 1
ERROR 22003: integer out of range

> SELECT 9223372036854775807 + 1
ERROR 22003: bigint out of range

> SELECT 'not-a-uuid'::uuid
ERROR 22P02: invalid input syntax for type uuid: "not-a-uuid"
LINE 1: SELECT 'not-a-uuid'::uuid
               ^

> SELECT '\xzz'::bytea
ERROR 22023: invalid hexadecimal digit: "z"
LINE 1: SELECT '\xzz'::bytea
               ^

> SELECT 'abc'::varchar(2), 'abc'::char(5) || '|'
 varchar | ?column?
---------+----------
 ab      | abc|
(1 row)

> SELECT '1.2.3'::numeric
ERROR 22P02: invalid input syntax for type numeric: "1.2.3"
LINE 1: SELECT '1.2.3'::numeric
               ^

> SELECT 1::numeric(3,1), 99.95::numeric(3,1)
ERROR 22003: numeric field overflow
LINE 1: SELECT 1::numeric(3,1), 99.95::numeric(3,1)
                                ^
DETAIL: A field with precision 3, scale 1 must round to an absolute value less than 10^2.

> SELECT NULL::int + 1, NULL || 'x', NULL = NULL
 ?column? | ?column? | ?column?
----------+----------+----------
     NULL | NULL     | NULL
(1 row)

> SELECT * FROM kinds WHERE u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AND d > '2024-01-01' AND tz < now() AND np = 1.5 AND by = '\x00ff10'
 id | b |   i2   |     i4     |          i8          | f4  | f8  |              n              |  np   |       t       |   v   |  c   |    by    |     j     |        jb        |     d      |       tm        |          ts           |           tz           |                  u                   |    ve
----+---+--------+------------+----------------------+-----+-----+-----------------------------+-------+---------------+-------+------+----------+-----------+------------------+------------+-----------------+-----------------------+------------------------+--------------------------------------+----------
  1 | t | -32768 | 2147483647 | -9223372036854775808 | 1.1 | 0.1 | 12345678901234567890.000100 | 1.500 | täxt 'quoted' | short | ab   | \x00ff10 | {"a" : 1} | {"b": [1, 2.50]} | 2024-02-29 | 23:59:59.123456 | 2024-02-29 12:00:00.5 | 2024-02-29 09:00:00+00 | a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | [0.5,-1]
(1 row)

> SELECT id FROM kinds WHERE f8 = 'NaN' OR i8 < 0 ORDER BY id
 id
----
  1
  3
(2 rows)

> SELECT '1 year 2 mons 3 days 04:05:06.7'::interval, interval '-1 day'
            interval             | interval
---------------------------------+----------
 1 year 2 mons 3 days 04:05:06.7 | -1 days
(1 row)

> CREATE TABLE spans (id int PRIMARY KEY, span interval)
CREATE TABLE

> CREATE TABLE lists (id int PRIMARY KEY, list int[])
CREATE TABLE

> INSERT INTO kinds (id, n) VALUES (4, 'NaN')
INSERT 0 1

> SELECT a.n FROM (VALUES (1, 0.000000000000001::numeric), (2, 12345678901234567890.5::numeric)) AS a(id, n) ORDER BY id
           n
------------------------
      0.000000000000001
 12345678901234567890.5
(2 rows)

> CREATE TABLE exact (id int PRIMARY KEY, n numeric)
CREATE TABLE

> INSERT INTO exact VALUES (1, 0.000000000000001), (2, 12345678901234567890.5)
INSERT 0 2

> SELECT n FROM exact ORDER BY id
           n
------------------------
      0.000000000000001
 12345678901234567890.5
(2 rows)

> SELECT a.n, a.n + 1 AS more FROM exact a JOIN exact b ON a.id = b.id ORDER BY a.id
           n            |          more
------------------------+------------------------
      0.000000000000001 |      1.000000000000001
 12345678901234567890.5 | 12345678901234567891.5
(2 rows)

# Literals keep their digits.

> SELECT 1.23456789012345 AS plain, 1.23456789012345 + 1 AS sum, 0.000000000001 > 0 AS positive, coalesce(NULL, 1.123456789012) AS chosen
      plain       |       sum        | positive |     chosen
------------------+------------------+----------+----------------
 1.23456789012345 | 2.23456789012345 | t        | 1.123456789012
(1 row)

> SELECT id FROM exact WHERE id = 1 AND 0.000000000000001 < 0.000000000000002
 id
----
  1
(1 row)

> SELECT * FROM (VALUES (1, 'a'), (2.5, 'b'), (NULL, 'c'), (3::numeric, 'd')) AS v(n, t)
  n   | t
------+---
    1 | a
  2.5 | b
 NULL | c
    3 | d
(4 rows)

> SELECT n + 1 AS more FROM (VALUES (1.5), (NULL), (0.123456789012345)) AS v(n) WHERE n < 1
       more
-------------------
 1.123456789012345
(1 row)

> SELECT 1 / 3.0 AS third, 2.0 / 3 AS thirds, 7 / 2.0 AS half, 7 / 2 AS whole
         third          |         thirds         |        half        | whole
------------------------+------------------------+--------------------+-------
 0.33333333333333333333 | 0.66666666666666666667 | 3.5000000000000000 |     3
(1 row)

> SELECT round(avg(n), 6) AS average FROM (VALUES (1.25::numeric(10,2)), (2.5), (3.5)) AS v(n)
 average
----------
 2.416667
(1 row)

> SELECT mod(7, 3), sign(-2.5), mod(-7, 3)
 mod | sign | mod
-----+------+-----
   1 |   -1 |  -1
(1 row)

# Times.

> SELECT now() = now() AS same, now() - now() AS none, now() = current_timestamp AS alike
 same |   none   | alike
------+----------+-------
 t    | 00:00:00 | t
(1 row)

> SELECT date '2024-02-28' + interval '1 day' AS later, date '2024-03-01' - interval '1 hour' AS earlier, interval '1 hour' + date '2024-03-01' AS turned
        later        |       earlier       |       turned
---------------------+---------------------+---------------------
 2024-02-29 00:00:00 | 2024-02-29 23:00:00 | 2024-03-01 01:00:00
(1 row)

> SELECT timestamptz '2024-07-01 12:00:00+00' AT TIME ZONE 'Europe/Zurich' AS shown, timestamp '2024-01-01 12:00:00' AT TIME ZONE 'America/New_York' AS moment
        shown        |         moment
---------------------+------------------------
 2024-07-01 14:00:00 | 2024-01-01 17:00:00+00
(1 row)

> SELECT timestamptz '2024-07-01 12:00:00+00' AT TIME ZONE 'Nowhere'
ERROR 22023: time zone "Nowhere" not recognized

> SELECT * FROM generate_series('2024-02-28'::timestamp, '2024-03-01', '1 day') AS day
         day
---------------------
 2024-02-28 00:00:00
 2024-02-29 00:00:00
 2024-03-01 00:00:00
(3 rows)

> SELECT * FROM generate_series('2024-02-28'::date, '2024-02-29'::date, '12 hours') AS hour
          hour
------------------------
 2024-02-28 00:00:00+00
 2024-02-28 12:00:00+00
 2024-02-29 00:00:00+00
(3 rows)

# Infinite dates beside timestamps.

> CREATE TABLE da (id int PRIMARY KEY, d date, t timestamp, z timestamptz)
CREATE TABLE

> INSERT INTO da VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity'), (3, '2020-01-01', '2020-01-01', '2020-01-01 00:00+00'), (4, '2021-05-05', 'infinity', NULL)
INSERT 0 4

> SELECT 'infinity'::date = 'infinity'::timestamp AS q
 q
---
 t
(1 row)

> SELECT id, d = t AS q, d < t AS r, d >= z AS s FROM da ORDER BY id
 id | q | r |  s
----+---+---+------
  1 | t | f | t
  2 | t | f | t
  3 | t | f | t
  4 | f | t | NULL
(4 rows)

> SELECT a.id, b.id FROM da a JOIN da b ON a.d = b.t ORDER BY 1, 2
 id | id
----+----
  1 |  1
  1 |  4
  2 |  2
  3 |  3
(4 rows)

> SELECT id FROM da WHERE d IN (SELECT t FROM da) ORDER BY id
 id
----
  1
  2
  3
(3 rows)

> SELECT id FROM da WHERE d >= ALL (SELECT z FROM da WHERE z IS NOT NULL) ORDER BY id
 id
----
  1
(1 row)

> SELECT id, coalesce(z, d) AS q, CASE WHEN id = 1 THEN d ELSE t END AS r, greatest(d, t) AS s FROM da ORDER BY id
 id |           q            |          r          |          s
----+------------------------+---------------------+---------------------
  1 | infinity               | infinity            | infinity
  2 | -infinity              | -infinity           | -infinity
  3 | 2020-01-01 00:00:00+00 | 2020-01-01 00:00:00 | 2020-01-01 00:00:00
  4 | 2021-05-05 00:00:00+00 | infinity            | infinity
(4 rows)

> SELECT d FROM da UNION SELECT t FROM da ORDER BY 1
          d
---------------------
 -infinity
 2020-01-01 00:00:00
 2021-05-05 00:00:00
 infinity
(4 rows)

> SELECT id, d + interval '1 day' AS q, t BETWEEN d AND 'infinity'::date AS r FROM da ORDER BY id
 id |          q          | r
----+---------------------+---
  1 | infinity            | t
  2 | -infinity           | t
  3 | 2020-01-02 00:00:00 | t
  4 | 2021-05-06 00:00:00 | t
(4 rows)
