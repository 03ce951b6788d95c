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
INSERT 0 6

# Counts of what is there, of what is not NULL, of what differs.
> SELECT count(*), count(1), count(i4), count(DISTINCT i4), count(DISTINCT b), count(DISTINCT t), count(DISTINCT f8), count(DISTINCT d), count(DISTINCT u), count(NULL) FROM n
 count | count | count | count | count | count | count | count | count | count
-------+-------+-------+-------+-------+-------+-------+-------+-------+-------
     6 |     6 |     5 |     3 |     2 |     4 |     4 |     4 |     2 |     0
(1 row)

> SELECT sum(i2), sum(i4), sum(i8), sum(d), sum(d2) FROM n
  sum  |    sum     |         sum         |      sum       | sum
-------+------------+---------------------+----------------+------
 32781 | 2147483646 | 9223372036854775806 | 105.5000000001 | 9.75
(1 row)

> SELECT sum(f8), sum(f4), avg(f8) FROM n WHERE id < 4
         sum         | sum |         avg
---------------------+-----+---------------------
 0.30000000000000004 |   0 | 0.15000000000000002
(1 row)

> SELECT sum(f8), max(f8), min(f8), max(f4), min(f4) FROM n
 sum | max | min | max | min
-----+-----+-----+-----+------
 NaN | NaN |  -0 | NaN | -1.5
(1 row)

> SELECT avg(i2), avg(i4) FROM n
          avg          |        avg
-----------------------+--------------------
 6556.2000000000000000 | 429496729.20000000
(1 row)

> SELECT avg(d), avg(d2), avg(i4::numeric), avg(i8::numeric) FROM n
         avg         |        avg         |        avg         |         avg
---------------------+--------------------+--------------------+---------------------
 21.1000000000200000 | 1.9500000000000000 | 429496729.20000000 | 1844674407370955161
(1 row)

> SELECT min(i2), max(i4), min(i8), min(d), max(d), min(d2), min(t), max(t), min(v), max(v), min(day), max(day), min(at), max(at) FROM n
 min |    max     |         min          |     min      | max | min  | min | max | min | max |    min     |    max     |          min           |          max
-----+------------+----------------------+--------------+-----+------+-----+-----+-----+-----+------------+------------+------------------------+------------------------
  -1 | 2147483647 | -9223372036854775808 | 0.0000000001 | 100 | 0.00 |     | ä   | X   | y   | 1999-12-31 | 2024-02-29 | 1999-12-31 05:06:07+00 | 2024-02-29 00:00:00+00
(1 row)

> SELECT b, count(*), sum(i2), min(t), max(d2) FROM n GROUP BY b ORDER BY b
  b   | count |  sum  | min | max
------+-------+-------+-----+------
 f    |     2 |     6 | B   | 3.00
 t    |     2 | 32768 |     | 1.50
 NULL |     2 |     7 | ä   | 3.00
(3 rows)

> SELECT b, count(*), sum(i2) FROM n GROUP BY b ORDER BY b NULLS FIRST
  b   | count |  sum
------+-------+-------
 NULL |     2 |     7
 f    |     2 |     6
 t    |     2 | 32768
(3 rows)

> SELECT f8, count(*) FROM n WHERE f8 <> 0 OR f8 IS NULL GROUP BY f8 ORDER BY f8 DESC
  f8  | count
------+-------
 NULL |     1
  NaN |     1
  0.2 |     1
  0.1 |     1
(4 rows)

# 0 and -0 are one group.
> SELECT count(*) FROM n WHERE f8 = 0 GROUP BY f8
 count
-------
     2
(1 row)

> SELECT count(*), min(id) FROM n GROUP BY d ORDER BY min(id)
 count | min
-------+-----
     2 |   1
     1 |   2
     1 |   3
     1 |   4
     1 |   6
(5 rows)

> SELECT v, u, count(*) AS many FROM n GROUP BY 2, v ORDER BY many DESC, v, u
  v   |                  u                   | many
------+--------------------------------------+------
 x    | 00000000-0000-0000-0000-000000000001 |    2
 NULL | NULL                                 |    2
 X    | NULL                                 |    1
 y    | 00000000-0000-0000-0000-000000000002 |    1
(4 rows)

> SELECT t, count(*) FROM n GROUP BY t ORDER BY t
  t   | count
------+-------
      |     1
 B    |     1
 a    |     2
 ä    |     1
 NULL |     1
(5 rows)

> SELECT DISTINCT v FROM n ORDER BY v
  v
------
 X
 x
 y
 NULL
(4 rows)

> SELECT DISTINCT b, i2 > 0 FROM n ORDER BY 1, 2
  b   | ?column?
------+----------
 f    | f
 f    | t
 t    | t
 NULL | t
 NULL | NULL
(5 rows)

> SELECT DISTINCT v, 7 AS seven FROM n ORDER BY v DESC LIMIT 2 OFFSET 1
 v | seven
---+-------
 y |     7
 x |     7
(2 rows)

> SELECT b, count(*) FILTER (WHERE i2 > 0), sum(i2) FILTER (WHERE t = 'a'), count(DISTINCT v) FILTER (WHERE v <> 'x') FROM n GROUP BY b ORDER BY b
  b   | count | sum  | count
------+-------+------+-------
 f    |     1 |    7 |     1
 t    |     2 |    1 |     0
 NULL |     1 | NULL |     1
(3 rows)

> SELECT v, sum(i2) FROM n GROUP BY v HAVING sum(i2) > 6 AND count(*) >= 1 ORDER BY sum(i2) DESC, v
  v   |  sum
------+-------
 x    | 32768
 X    |     7
 NULL |     7
(3 rows)

> SELECT v, sum(i2) AS total FROM n GROUP BY v HAVING sum(i2) IS NULL OR NOT (max(id) BETWEEN 2 AND 5) ORDER BY total
  v   | total
------+-------
 NULL |     7
(1 row)

> SELECT v, coalesce(sum(i2), 0), count(*)::int, sum(d2)::text FROM n GROUP BY v ORDER BY v
  v   | coalesce | count | sum
------+----------+-------+------
 X    |        7 |     1 | 3.00
 x    |    32768 |     2 | 1.50
 y    |       -1 |     1 | 2.25
 NULL |        7 |     2 | 3.00
(4 rows)

> SELECT b, v, count(*) FROM n GROUP BY b, v ORDER BY count(*) DESC, b, v LIMIT 2
 b | v | count
---+---+-------
 t | x |     2
 f | y |     1
(2 rows)

> SELECT i2::text AS key, count(*) FROM n GROUP BY key ORDER BY key
  key  | count
-------+-------
 -1    |     1
 1     |     1
 32767 |     1
 7     |     2
 NULL  |     1
(5 rows)

# Nothing is one group of nothing, or no group.
> SELECT count(*), count(i4), sum(i4), avg(d), min(t), max(at) FROM n WHERE id > 100
 count | count | sum  | avg  | min  | max
-------+-------+------+------+------+------
     0 |     0 | NULL | NULL | NULL | NULL
(1 row)

> SELECT b, count(*) FROM n WHERE id > 100 GROUP BY b
 b | count
---+-------
(0 rows)

> SELECT count(*) FROM n HAVING count(*) > 100
 count
-------
(0 rows)

> SELECT count(*) FROM n LIMIT 0
 count
-------
(0 rows)

> SELECT count(*) FROM n OFFSET 1
 count
-------
(0 rows)

> SELECT count(*) FROM n WHERE id IN (1, 3, 5)
 count
-------
     3
(1 row)

> SELECT date_trunc('month', at) AS month, count(*), max(day) FROM n GROUP BY month ORDER BY month
         month          | count |    max
------------------------+-------+------------
 1999-12-01 00:00:00+00 |     1 | 1999-12-31
 2024-01-01 00:00:00+00 |     2 | 2024-01-31
 2024-02-01 00:00:00+00 |     2 | 2024-02-29
 NULL                   |     1 | NULL
(4 rows)

> SELECT date_trunc('week', at), count(*) FROM n GROUP BY 1 ORDER BY 1 DESC NULLS LAST
       date_trunc       | count
------------------------+-------
 2024-02-26 00:00:00+00 |     1
 2024-01-29 00:00:00+00 |     2
 2024-01-01 00:00:00+00 |     1
 1999-12-27 00:00:00+00 |     1
 NULL                   |     1
(5 rows)

> SELECT date_trunc('quarter', at), date_trunc('hour', at), count(*) FROM n GROUP BY 1, 2 ORDER BY 1, 2
       date_trunc       |       date_trunc       | count
------------------------+------------------------+-------
 1999-10-01 00:00:00+00 | 1999-12-31 05:00:00+00 |     1
 2024-01-01 00:00:00+00 | 2024-01-01 00:00:00+00 |     1
 2024-01-01 00:00:00+00 | 2024-01-31 23:00:00+00 |     1
 2024-01-01 00:00:00+00 | 2024-02-04 12:00:00+00 |     1
 2024-01-01 00:00:00+00 | 2024-02-29 00:00:00+00 |     1
 NULL                   | NULL                   |     1
(6 rows)

# What is too great for its type.
> INSERT INTO n (id, i4, f8, d) VALUES (10, 1, 1e308, 9000000000000000000000000000), (11, 1, 1e308, 79000000000000000000000000000)
INSERT 0 2

> SELECT sum(f8) FROM n WHERE id >= 10
ERROR 22003: value out of range: overflow

> SELECT sum(d) FROM n WHERE id >= 10
              sum
-------------------------------
 88000000000000000000000000000
(1 row)

> SELECT sum(i8) FROM n WHERE id <= 2
         sum
----------------------
 18446744073709551614
(1 row)

> SELECT sum((t || '1')::int) FROM n WHERE id = 1
ERROR 22P02: invalid input syntax for type integer: "a1"

> SELECT sum(t::int) FROM n WHERE id = 1
ERROR 22P02: invalid input syntax for type integer: "a"

> SELECT v, i2, count(*) FROM n GROUP BY v
ERROR 42803: column "n.i2" must appear in the GROUP BY clause or be used in an aggregate function

> SELECT v FROM n WHERE count(*) > 1 GROUP BY v
ERROR 42803: aggregate functions are not allowed in WHERE

> SELECT DISTINCT v FROM n ORDER BY id
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list

# Facts.
> INSERT INTO memory (id, metadata) VALUES ('a', '{"kind": "note", "size": 10, "tags": ["x"]}'), ('b', '{"kind": "note", "size": 2.5}'), ('c', '{"kind": "mail", "size": "7"}'), ('d', '{}'), ('e', '{"kind": null, "size": 1}')
INSERT 0 5

> SELECT metadata->>'kind' AS kind, count(*), sum((metadata->>'size')::numeric), max(metadata->>'size'), count(metadata->>'tags') FROM memory GROUP BY metadata->>'kind' ORDER BY kind
 kind | count | sum  | max | count
------+-------+------+-----+-------
 mail |     1 |    7 | 7   |     0
 note |     2 | 12.5 | 2.5 |     1
 NULL |     2 |    1 | 1   |     0
(3 rows)

> SELECT count(*) FROM memory WHERE metadata->>'kind' = 'note'
 count
-------
     2
(1 row)

> SELECT DISTINCT metadata->>'kind' FROM memory ORDER BY 1
 ?column?
----------
 mail
 note
 NULL
(3 rows)

# A transaction sees what it wrote.
> BEGIN
BEGIN

> UPDATE n SET v = 'x' WHERE id = 2
UPDATE 1

> DELETE FROM n WHERE id >= 10
DELETE 2

> INSERT INTO n (id, v) VALUES (20, 'new')
INSERT 0 1

> SELECT v, count(*) FROM n GROUP BY v ORDER BY v
  v   | count
------+-------
 X    |     1
 new  |     1
 x    |     3
 NULL |     2
(4 rows)

> ROLLBACK
ROLLBACK

> SELECT v, count(*) FROM n GROUP BY v ORDER BY v
  v   | count
------+-------
 X    |     1
 x    |     2
 y    |     1
 NULL |     4
(4 rows)

> PREPARE by_kind (text, int) AS SELECT v, count(*) FROM n WHERE v <> $1 GROUP BY v HAVING count(*) >= $2 ORDER BY v LIMIT $2
PREPARE

> EXECUTE by_kind ('x', 1)
 v | count
---+-------
 X |     1
(1 row)

> EXECUTE by_kind ('y', 2)
 v | count
---+-------
 x |     2
(1 row)

> EXPLAIN SELECT v, count(*), sum(i4) FROM n WHERE i2 > 0 GROUP BY v HAVING count(*) > 1 ORDER BY v LIMIT 3
               QUERY PLAN
----------------------------------------
 Limit
   ->  Sort
         ->  Aggregate on columns
               Group By: v
               Filter: on each group
               ->  Column Scan on n
                     Filter: by columns
(7 rows)

> EXPLAIN SELECT count(*) FROM n WHERE id = 1
               QUERY PLAN
-----------------------------------------
 Aggregate on rows
   ->  Primary Key Lookup on n (keys: 1)
         Filter: on each entry
(3 rows)

> EXPLAIN SELECT DISTINCT metadata->>'kind' FROM memory
           QUERY PLAN
---------------------------------
 Aggregate on columns
   Group By: metadata ->> 'kind'
   ->  Column Scan on memory
(3 rows)

# Secrets are never grouped on this path.
> EXPLAIN SELECT count(*) FROM auth
                          QUERY PLAN
--------------------------------------------------------------
 ProjectionExec: expr=[count(Int64(1))@0 as count]
   AggregateExec: mode=Single, gby=[], aggr=[count(Int64(1))]
     CooperativeExec
       Vault Scan on auth
(4 rows)
