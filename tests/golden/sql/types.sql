# Every type keeps its value; text forms are PostgreSQL's.

> CREATE TABLE kinds (id int PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, np numeric(10,3), t text, v varchar(20), c char(4), by bytea, j json, jb jsonb, d date, tm time, ts timestamp, tz timestamptz, u uuid, ve vector(2))

> INSERT INTO kinds VALUES (1, true, -32768, 2147483647, -9223372036854775808, 1.1, 0.1, 12345678901234567890.000100, 1.5, 'täxt ''quoted''', 'short', 'ab', '\x00ff10', '{"a" : 1}', '{"b":  [1, 2.50]}', '2024-02-29', '23:59:59.123456', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+03', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '[0.5,-1]')

> INSERT INTO kinds (id) VALUES (2)

> INSERT INTO kinds (id, b, f4, f8, t, by, d, ts, tz, tm) VALUES (3, 'off', '-Infinity', 'NaN', '', '', '0001-01-01', 'infinity', '1969-12-31 23:59:59.999999+00', '00:00')

> SELECT b, i2, i4, i8, f4, f8 FROM kinds ORDER BY id

> SELECT n, np, t, v, c, by FROM kinds ORDER BY id

> SELECT j, jb, d, tm FROM kinds ORDER BY id

> SELECT ts, tz, u, ve FROM kinds ORDER BY id

> SELECT pg_typeof(b), pg_typeof(i2), pg_typeof(n), pg_typeof(tz), pg_typeof(jb), pg_typeof(ve), pg_typeof(v) FROM kinds WHERE id = 1

> SELECT 1.0::float8, 1e21::float8, 1e-7::float8, 100000::float4, 1e15::float8, '-0'::float8

> SELECT 0.1::float4, 0.1::float4::float8, (0.1 + 0.2)::float8, 0.1::float8 + 0.2::float8

> SELECT 1.10 + 2.205, 1.5 * 2.25, 10::numeric / 4, round(2.5), round(-2.5), round(1.005, 2)

> SELECT 5 / 2, -5 / 2, 5 % -3, 5.0 / 2

> SELECT '2024-01-15'::date + 30, '2024-01-15'::date - '2023-12-25'::date

> SELECT '1 day'::interval + '02:03:04'::interval, interval '90 minutes', '1 mon -1 days'::interval

> SELECT '2024-06-15 12:00:00+02'::timestamptz, '2024-06-15 12:00:00'::timestamp::date

> SELECT true::text, 1::bool, 't'::bool, 'no'::bool

> SELECT '12'::int + 1, ' 12 '::int, '0x1F'::int, '1_000'::int

> SELECT 'abc'::int

> SELECT ''::int

> SELECT 'x'::bool

> SELECT '2024-02-30'::date

> SELECT 'tomorrowish'::date

> SELECT '25:00'::time

> SELECT '99999999999'::int

> SELECT 40000::int2

> SELECT 2147483647 + 1

> SELECT 9223372036854775807 + 1

> SELECT 'not-a-uuid'::uuid

> SELECT '\xzz'::bytea

> SELECT 'abc'::varchar(2), 'abc'::char(5) || '|'

> SELECT '1.2.3'::numeric

> SELECT 1::numeric(3,1), 99.95::numeric(3,1)

> SELECT NULL::int + 1, NULL || 'x', NULL = NULL

> SELECT * FROM kinds WHERE u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AND d > '2024-01-01' AND tz < now() AND np = 1.5 AND by = '\x00ff10'

> SELECT id FROM kinds WHERE f8 = 'NaN' OR i8 < 0 ORDER BY id

> SELECT '1 year 2 mons 3 days 04:05:06.7'::interval, interval '-1 day'

> CREATE TABLE spans (id int PRIMARY KEY, span interval)

> CREATE TABLE lists (id int PRIMARY KEY, list int[])

> INSERT INTO kinds (id, n) VALUES (4, 'NaN')

> SELECT a.n FROM (VALUES (1, 0.000000000000001::numeric), (2, 12345678901234567890.5::numeric)) AS a(id, n) ORDER BY id

> CREATE TABLE exact (id int PRIMARY KEY, n numeric)

> INSERT INTO exact VALUES (1, 0.000000000000001), (2, 12345678901234567890.5)

> SELECT n FROM exact ORDER BY id

> SELECT a.n, a.n + 1 AS more FROM exact a JOIN exact b ON a.id = b.id ORDER BY a.id
