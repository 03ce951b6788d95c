# Values at their bounds, compared and matched as PostgreSQL does.

# LIKE with an escape of its own.

> SELECT 'h%awkeye' LIKE 'h#%%' ESCAPE '#' AS a, 'hawkeye' LIKE 'h#%%' ESCAPE '#' AS b, 'a/b_c' LIKE '%//b/_c' ESCAPE '/' AS c

> SELECT 'A_B' ILIKE 'a/_b' ESCAPE '/' AS a, 'axb' NOT LIKE 'a/_b' ESCAPE '/' AS b, 'a_b' NOT ILIKE 'A/_B' ESCAPE '/' AS c

> SELECT 'a\b' LIKE 'a\b' ESCAPE '' AS none, 'a\_b' LIKE 'a\_b' ESCAPE '' AS under, 'a' LIKE 'a' ESCAPE NULL AS unknown

> SELECT 'a' LIKE 'a' ESCAPE 'ab'

> CREATE TABLE path (id int PRIMARY KEY, name text, pattern text, escape text)

> INSERT INTO path VALUES (1, 'a_b', 'a/_b', '/'), (2, 'axb', 'a/_b', '/'), (3, '50%', '50#%', '#'), (4, 'a\b', 'a\\b', '\'), (5, NULL, '%', '/')

> SELECT id FROM path WHERE name LIKE 'a/_b' ESCAPE '/' ORDER BY id

> SELECT id, name LIKE like_escape(pattern, escape) AS fits FROM path ORDER BY id

> SELECT id FROM path WHERE name LIKE pattern ESCAPE '/' ORDER BY id

> SELECT id FROM path WHERE name ~~ like_escape('50#%', '#')

> UPDATE path SET escape = 'x' WHERE name LIKE '50/%' ESCAPE '/'

> DELETE FROM path WHERE name LIKE '5_#%' ESCAPE '#' RETURNING id

# A pattern that ends with its escape is an error where the match comes to it.

> SELECT 'a\' LIKE '\'

> SELECT 'b' LIKE 'a\' AS other, '' LIKE '\' AS nothing

> SELECT id FROM path WHERE name LIKE 'a\'

> SELECT id FROM path WHERE name LIKE 'z\'

> SELECT name LIKE name || '\' FROM path WHERE id = 1

# A month is 30 days, a day 24 hours.

> SELECT interval '1 month' = interval '30 days' AS a, interval '1 day' = interval '24 hours' AS b, interval '31 days' > interval '1 mon' AS c

> SELECT DISTINCT x FROM (VALUES (interval '1 mon'), (interval '30 days'), (interval '720 hours')) t(x)

> SELECT max(x), min(x), count(DISTINCT x) FROM (VALUES (interval '1 mon'), (interval '35 days'), (interval '30 days')) t(x)

> SELECT x FROM (VALUES (interval '1 mon'), (interval '35 days'), (interval '29 days 25 hours'), (NULL)) t(x) ORDER BY x

> SELECT x, count(*) FROM (VALUES (interval '24 hours'), (interval '1 day'), (interval '2 days')) t(x) GROUP BY x ORDER BY x

> SELECT greatest(interval '1 mon', interval '35 days'), least(interval '1 mon', interval '29 days'), nullif(interval '1 mon', interval '30 days')

> SELECT interval '1 mon' BETWEEN interval '29 days' AND interval '31 days' AS a, interval '1 mon' IN (interval '30 days') AS b, interval '1 mon' IS DISTINCT FROM interval '30 days' AS c, CASE interval '1 mon' WHEN interval '30 days' THEN 'same' END AS d

> SELECT timestamp '2024-03-02' - timestamp '2024-03-01' = interval '24 hours' AS a, timestamp '2024-03-02 12:00' - timestamp '2024-03-01' AS b

> SELECT max(x) OVER (ORDER BY n) FROM (VALUES (1, interval '30 days'), (2, interval '1 mon 1 day'), (3, interval '30 days')) t(n, x)

# Arithmetic of times is checked.

> SELECT justify_days(interval '2147483647 months 30 days')

> SELECT justify_hours(interval '2147483647 days 24 hours')

> SELECT justify_interval(interval '2147483647 months 2147483647 days 48 hours')

> SELECT justify_interval(interval '1 mon -1 hour'), justify_days(interval '35 days'), justify_hours(interval '-27 hours')

> SELECT interval '2147483647 days' + interval '1 day'

> SELECT interval '2147483647 months' * 2

> SELECT interval '1 day' * 1e300

> SELECT interval '1 day' / 0

> SELECT interval '1 mon' / 2, 1.5 * interval '1 day', interval '1 day' - interval '25 hours'

> SELECT date '2024-01-01' + 2147483647

> SELECT date '2024-01-01' - (-2147483648)

> SELECT date '5874897-12-31' + 1

> SELECT 1 + date '2024-02-28', date '2024-03-01' - 1, date 'infinity' + 5, date '2024-03-01' - date '2024-02-01'

> SELECT timestamp '2000-01-01' - interval '2483590 days'

> SELECT timestamp '2024-01-01' + interval '2147483647 months'

> SELECT timestamp '2024-01-31' + interval '1 mon', timestamptz '2024-01-01 00:00+00' - interval '1 day', date '2024-01-01' + interval '1 hour', interval '1 hour' + date '2024-01-01', timestamp 'infinity' + interval '1 day'

> SELECT isfinite(timestamp 'infinity') AS a, isfinite(date '-infinity') AS b, isfinite(timestamp '2024-01-01') AS c

> SELECT age(timestamp '2001-04-10', timestamp '1957-06-13'), age(timestamp '1957-06-13', timestamp '2001-04-10')

# Numbers at their bounds.

> SELECT abs(-2147483648)

> SELECT gcd((-2147483648)::int4, 0)

> SELECT gcd(12, 18), lcm(4, 6), abs(-5)

> SELECT to_char(12345678901::float8, 'FM9999999999D9999900000000000000000')

> SELECT to_char(1e300::float8, '9999'), to_char('nan'::float8, '9999D99'), to_char('inf'::float8, 'FM9999')

> SELECT to_char(0.1, 'FM9.9999999999999999999999999999999999990'), to_char(12345, '999')

> SELECT to_char(timestamp 'infinity', 'YYYY') IS NULL AS nothing, length(to_char(timestamp '2024-01-01', repeat('yyyy', 100000))) AS long

> SELECT * FROM (VALUES (1.0::float8), (1e20), (3)) t(x)

> SELECT chr(0)

> SELECT chr(1114112)

# Regular expressions, paths and subqueries that have no defect to report.

> SELECT regexp_replace('abc', '(', 'x')

> SELECT 'a' ~ '[b'

> SELECT 'xy' ~ 'x(?=y)'

> SELECT 'bb' ~ '^(b)\1$'

> SELECT id FROM path WHERE name ~ '('

> SELECT substring('foobar' FROM 'o(.)b'), substring('foo' FROM 'x(y)?') IS NULL AS none, substring('foobar' FROM 2 FOR 3)

> SELECT '{"a": 1}'::jsonb #> '{}' AS json, '{"a": 1}'::jsonb #>> '{}' AS text, '{"a": {"b": 2}}'::jsonb #> '{a,b}' AS deep

> SELECT a.x FROM (VALUES (1), (2)) a(x), (VALUES ((SELECT max(y) FROM (VALUES (2), (1)) b(y)))) c(z) WHERE a.x = c.z

> SELECT * FROM (VALUES (1, (SELECT 5)), (2, 6)) t(a, b) ORDER BY a

> SELECT '"\u0000"'::jsonb

# Arguments out of range.

> SELECT * FROM (VALUES (1)) t(x) LIMIT -1

> SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1)) t(x)

> SELECT sum(x) OVER (ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) FROM (VALUES (1)) t(x)

> SELECT nth_value(x, 0) OVER () FROM (VALUES (1)) t(x)

> SELECT generate_series(1, 10, 0)

# A query names itself where that has a meaning.

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 5) SELECT count(*) FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r OFFSET 1) SELECT count(*) FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5 ORDER BY 1) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r FOR UPDATE) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT count(*) FROM r) SELECT * FROM r LIMIT 3

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT sum(n)::int FROM r HAVING sum(n) < 9) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT o.n FROM (VALUES (1)) o(n) LEFT JOIN r ON r.n = o.n) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT o.n FROM r RIGHT JOIN (VALUES (1)) o(n) ON r.n = o.n) SELECT * FROM r

> WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT (SELECT * FROM r) FROM r WHERE n < 3) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT a.n FROM r a, r b) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT n FROM r UNION ALL SELECT 1) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT n + 1 FROM r) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 EXCEPT SELECT n FROM r) SELECT * FROM r

> WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL (SELECT 2 INTERSECT SELECT n FROM r)) SELECT * FROM r

> WITH RECURSIVE s(n) AS (SELECT 3 UNION ALL SELECT 1 ORDER BY 1 LIMIT 1) SELECT * FROM s

