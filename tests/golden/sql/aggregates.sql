# Groups and aggregates over one collection, which need no planner.

> CREATE TABLE n (id int PRIMARY KEY, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, d numeric, d2 numeric(10,2), b bool, t text, v varchar(10), day date, at timestamptz, u uuid)
CREATE TABLE

> INSERT INTO n VALUES
>   (1, 1, 2147483647, 9223372036854775807, 1.5, 0.1, 1.50, 1.5, true, 'a', 'x', '2024-01-31', '2024-01-31 23:59:59.999999+00', '00000000-0000-0000-0000-000000000001'),
>   (2, -1, 2147483647, 9223372036854775807, -1.5, 0.2, 2.5, 2.25, false, 'B', 'y', '2024-02-29', '2024-02-29 00:00:00+00', '00000000-0000-0000-0000-000000000002'),
>   (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
>   (4, 32767, -2147483648, -9223372036854775808, 'NaN', 'NaN', 0.0000000001, 0, true, '', 'x', '2024-02-01', '2024-02-04 12:30:00+00', '00000000-0000-0000-0000-000000000001'),
>   (5, 7, 0, 0, 0, 0, 1.5, 3, NULL, 'ä', 'X', '1999-12-31', '1999-12-31 05:06:07+00', NULL),
>   (6, 7, 0, 0, '-0', '-0', 100, 3, false, 'a', NULL, '2024-01-01', '2024-01-01 00:00:00+00', NULL)

# Counts of what is there, of what is not NULL, of what differs.
> SELECT count(*), count(1), count(i4), count(DISTINCT i4), count(DISTINCT b), count(DISTINCT t), count(DISTINCT f8), count(DISTINCT d), count(DISTINCT u), count(NULL) FROM n

> SELECT sum(i2), sum(i4), sum(i8), sum(d), sum(d2) FROM n

> SELECT sum(f8), sum(f4), avg(f8) FROM n WHERE id < 4

> SELECT sum(f8), max(f8), min(f8), max(f4), min(f4) FROM n

# differs: PostgreSQL answers numeric averages of integers, with 16 digits
> SELECT avg(i2), avg(i4) FROM n

> SELECT avg(d), avg(d2), avg(i4::numeric), avg(i8::numeric) FROM n

> SELECT min(i2), max(i4), min(i8), min(d), max(d), min(d2), min(t), max(t), min(v), max(v), min(day), max(day), min(at), max(at) FROM n

> SELECT b, count(*), sum(i2), min(t), max(d2) FROM n GROUP BY b ORDER BY b

> SELECT b, count(*), sum(i2) FROM n GROUP BY b ORDER BY b NULLS FIRST

> SELECT f8, count(*) FROM n WHERE f8 <> 0 OR f8 IS NULL GROUP BY f8 ORDER BY f8 DESC

# 0 and -0 are one group.
> SELECT count(*) FROM n WHERE f8 = 0 GROUP BY f8

> SELECT count(*), min(id) FROM n GROUP BY d ORDER BY min(id)

> SELECT v, u, count(*) AS many FROM n GROUP BY 2, v ORDER BY many DESC, v, u

> SELECT t, count(*) FROM n GROUP BY t ORDER BY t

> SELECT DISTINCT v FROM n ORDER BY v

> SELECT DISTINCT b, i2 > 0 FROM n ORDER BY 1, 2

> SELECT DISTINCT v, 7 AS seven FROM n ORDER BY v DESC LIMIT 2 OFFSET 1

> SELECT b, count(*) FILTER (WHERE i2 > 0), sum(i2) FILTER (WHERE t = 'a'), count(DISTINCT v) FILTER (WHERE v <> 'x') FROM n GROUP BY b ORDER BY b

> SELECT v, sum(i2) FROM n GROUP BY v HAVING sum(i2) > 6 AND count(*) >= 1 ORDER BY sum(i2) DESC

> SELECT v, sum(i2) AS total FROM n GROUP BY v HAVING sum(i2) IS NULL OR NOT (max(id) BETWEEN 2 AND 5) ORDER BY total

> SELECT v, coalesce(sum(i2), 0), count(*)::int, sum(d2)::text FROM n GROUP BY v ORDER BY v

> SELECT b, v, count(*) FROM n GROUP BY b, v ORDER BY count(*) DESC, b, v LIMIT 2

> SELECT i2::text AS key, count(*) FROM n GROUP BY key ORDER BY key

# Nothing is one group of nothing, or no group.
> SELECT count(*), count(i4), sum(i4), avg(d), min(t), max(at) FROM n WHERE id > 100

> SELECT b, count(*) FROM n WHERE id > 100 GROUP BY b

> SELECT count(*) FROM n HAVING count(*) > 100

> SELECT count(*) FROM n LIMIT 0

> SELECT count(*) FROM n OFFSET 1

> SELECT count(*) FROM n WHERE id IN (1, 3, 5)

> SELECT date_trunc('month', at) AS month, count(*), max(day) FROM n GROUP BY month ORDER BY month

> SELECT date_trunc('week', at), count(*) FROM n GROUP BY 1 ORDER BY 1 DESC NULLS LAST

> SELECT date_trunc('quarter', at), date_trunc('hour', at), count(*) FROM n GROUP BY 1, 2 ORDER BY 1, 2

# What is too great for its type.
> INSERT INTO n (id, i4, f8, d) VALUES (10, 1, 1e308, 9000000000000000000000000000), (11, 1, 1e308, 79000000000000000000000000000)

> SELECT sum(f8) FROM n WHERE id >= 10

# differs: PostgreSQL answers 88000000000000000000000000000
> SELECT sum(d) FROM n WHERE id >= 10

> SELECT sum(i8) FROM n WHERE id <= 2

> SELECT sum((t || '1')::int) FROM n WHERE id = 1

> SELECT sum(t::int) FROM n WHERE id = 1

> SELECT v, i2, count(*) FROM n GROUP BY v

> SELECT v FROM n WHERE count(*) > 1 GROUP BY v

> SELECT DISTINCT v FROM n ORDER BY id

# Facts.
> INSERT INTO memory (id, metadata) VALUES ('a', '{"kind": "note", "size": 10, "tags": ["x"]}'), ('b', '{"kind": "note", "size": 2.5}'), ('c', '{"kind": "mail", "size": "7"}'), ('d', '{}'), ('e', '{"kind": null, "size": 1}')

> SELECT metadata->>'kind' AS kind, count(*), sum((metadata->>'size')::numeric), max(metadata->>'size'), count(metadata->>'tags') FROM memory GROUP BY metadata->>'kind' ORDER BY kind

> SELECT count(*) FROM memory WHERE metadata->>'kind' = 'note'

> SELECT DISTINCT metadata->>'kind' FROM memory ORDER BY 1

# A transaction sees what it wrote.
> BEGIN

> UPDATE n SET v = 'x' WHERE id = 2

> DELETE FROM n WHERE id >= 10

> INSERT INTO n (id, v) VALUES (20, 'new')

> SELECT v, count(*) FROM n GROUP BY v ORDER BY v

> ROLLBACK

> SELECT v, count(*) FROM n GROUP BY v ORDER BY v

> PREPARE by_kind (text, int) AS SELECT v, count(*) FROM n WHERE v <> $1 GROUP BY v HAVING count(*) >= $2 ORDER BY v LIMIT $2

> EXECUTE by_kind ('x', 1)

> EXECUTE by_kind ('y', 2)

> EXPLAIN SELECT v, count(*), sum(i4) FROM n WHERE i2 > 0 GROUP BY v HAVING count(*) > 1 ORDER BY v LIMIT 3

> EXPLAIN SELECT count(*) FROM n WHERE id = 1

> EXPLAIN SELECT DISTINCT metadata->>'kind' FROM memory

# Secrets are never grouped on this path.
> EXPLAIN SELECT count(*) FROM auth
