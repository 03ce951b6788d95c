# Columns of arrays, of one dimension, and of intervals.

> CREATE TABLE a (id int PRIMARY KEY, tags text[] DEFAULT '{}', ns int[] NOT NULL DEFAULT '{1,2}', span interval, fs float4[], us uuid[], ts timestamptz[], v varchar(3)[], js jsonb[], bs bytea[])
CREATE TABLE

> INSERT INTO a (id, tags, span, fs) VALUES (1, '{red,"dark blue",NULL}', '1 mon 2 days 03:04:05', '{1.5,2}'), (2, ARRAY['x', 'y'], '30 days', NULL)
INSERT 0 2

> INSERT INTO a (id) VALUES (3)
INSERT 0 1

> INSERT INTO a (id, tags, ns, us, ts, v, js, bs) VALUES (4, '{}', ARRAY[7, 8, 9], '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{2024-01-01 00:00:00+00}', '{abc,de}', ARRAY['{"a":1}'::jsonb], ARRAY['\x01'::bytea])
INSERT 0 1

> SELECT * FROM a ORDER BY id
 id |          tags          |   ns    |         span          |   fs    |                   us                   |             ts             |    v     |       js       |    bs
----+------------------------+---------+-----------------------+---------+----------------------------------------+----------------------------+----------+----------------+-----------
  1 | {red,"dark blue",NULL} | {1,2}   | 1 mon 2 days 03:04:05 | {1.5,2} | NULL                                   | NULL                       | NULL     | NULL           | NULL
  2 | {x,y}                  | {1,2}   | 30 days               | NULL    | NULL                                   | NULL                       | NULL     | NULL           | NULL
  3 | {}                     | {1,2}   | NULL                  | NULL    | NULL                                   | NULL                       | NULL     | NULL           | NULL
  4 | {}                     | {7,8,9} | NULL                  | NULL    | {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11} | {"2024-01-01 00:00:00+00"} | {abc,de} | {"{\"a\": 1}"} | {"\\x01"}
(4 rows)

> INSERT INTO a (id, v) VALUES (5, '{abcd}')
ERROR 22001: value too long for type character varying(3)
LINE 1: INSERT INTO a (id, v) VALUES (5, '{abcd}')
                                         ^

> INSERT INTO a (id, ns) VALUES (5, '{{1,2},{3,4}}')
ERROR 0A000: an array of more than one dimension cannot be stored
HINT: Store it as jsonb, or its elements in one dimension.

> INSERT INTO a (id, ns) VALUES (5, NULL)
ERROR 23502: null value in column "ns" of relation "a" violates not-null constraint
DETAIL: Failing row contains (5, {}, null, null, null, null, null, null, null, null).

> SELECT id FROM a WHERE 'red' = ANY (tags)
 id
----
  1
(1 row)

> SELECT id FROM a WHERE tags @> ARRAY['x'] ORDER BY id
 id
----
  2
(1 row)

> SELECT id FROM a WHERE tags <@ ARRAY['x', 'y', 'z'] ORDER BY id
 id
----
  2
  3
  4
(3 rows)

> SELECT id FROM a WHERE tags && ARRAY['x', 'red'] ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT 1 && 2
ERROR 42883: operator does not exist: integer && integer
LINE 1: SELECT 1 && 2
                 ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT ARRAY[1, NULL] @> ARRAY[NULL]::int[], ARRAY[1, NULL] && ARRAY[NULL]::int[], ARRAY[1, 2] @> '{2,2}', '{}'::int[] && ARRAY[1], NULL::int[] && ARRAY[1]
 ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------
 f        | f        | t        | f        | NULL
(1 row)

> SELECT id FROM a WHERE ns = '{1,2}' ORDER BY id
 id
----
  1
  2
  3
(3 rows)

> UPDATE a SET tags = array_append(tags, 'new') WHERE id = 1 RETURNING tags
            tags
----------------------------
 {red,"dark blue",NULL,new}
(1 row)
UPDATE 1

> UPDATE a SET tags = tags || '{p,q}' WHERE id = 2 RETURNING tags
   tags
-----------
 {x,y,p,q}
(1 row)
UPDATE 1

> SELECT id, tags[1], ns[2:3], array_length(tags, 1), cardinality(ns) FROM a ORDER BY id
 id | tags |  ns   | array_length | cardinality
----+------+-------+--------------+-------------
  1 | red  | {2}   |            4 |           2
  2 | x    | {2}   |            4 |           2
  3 | NULL | {2}   |         NULL |           2
  4 | NULL | {8,9} |         NULL |           3
(4 rows)

> SELECT unnest(tags) FROM a WHERE id = 2
 unnest
--------
 x
 y
 p
 q
(4 rows)

> SELECT id, span FROM a WHERE span IS NOT NULL ORDER BY span, id
 id |         span
----+-----------------------
  2 | 30 days
  1 | 1 mon 2 days 03:04:05
(2 rows)

> SELECT id FROM a WHERE span > '29 days' ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id FROM a WHERE span = '1 mon'
 id
----
  2
(1 row)

> SELECT tags, count(*) FROM a GROUP BY tags ORDER BY 1
            tags            | count
----------------------------+-------
 {}                         |     2
 {red,"dark blue",NULL,new} |     1
 {x,y,p,q}                  |     1
(3 rows)

> SELECT DISTINCT ns FROM a ORDER BY ns
   ns
---------
 {1,2}
 {7,8,9}
(2 rows)

> SELECT max(span), sum(span) FROM a
          max          |          sum
-----------------------+------------------------
 1 mon 2 days 03:04:05 | 1 mon 32 days 03:04:05
(1 row)

> SELECT span, count(*) FROM a GROUP BY span ORDER BY 1
         span          | count
-----------------------+-------
 30 days               |     1
 1 mon 2 days 03:04:05 |     1
 NULL                  |     2
(3 rows)

> CREATE TABLE b AS SELECT id, tags, span FROM a
SELECT 4

> SELECT a.id, b.id FROM a JOIN b USING (tags) ORDER BY 1, 2
 id | id
----+----
  1 |  1
  2 |  2
  3 |  3
  3 |  4
  4 |  3
  4 |  4
(6 rows)

> ALTER TABLE a ADD COLUMN more int[] DEFAULT '{4}'
ALTER TABLE

> SELECT more FROM a WHERE id = 1
 more
------
 {4}
(1 row)

> ALTER TABLE a ALTER COLUMN ns TYPE bigint[]
ALTER TABLE

> SELECT ns, pg_typeof(ns) FROM a WHERE id = 4
   ns    | pg_typeof
---------+-----------
 {7,8,9} | bigint[]
(1 row)

> SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0 ORDER BY attnum
 attname |        format_type
---------+----------------------------
 id      | integer
 tags    | text[]
 ns      | bigint[]
 span    | interval
 fs      | real[]
 us      | uuid[]
 ts      | timestamp with time zone[]
 v       | character varying(3)[]
 js      | jsonb[]
 bs      | bytea[]
 more    | integer[]
(11 rows)

> CREATE INDEX ON a (tags)
ERROR 42704: data type text[] has no default operator class for access method "btree"
HINT: Index a column of an ordered type.

> CREATE TABLE k (t text[] PRIMARY KEY)
ERROR 42704: data type text[] has no default operator class for access method "btree"
HINT: Index a column of an ordered type.

> DELETE FROM a WHERE tags = '{}'
DELETE 2

> SELECT id FROM a ORDER BY id
 id
----
  1
  2
(2 rows)

> CREATE TABLE u (x unknown)
ERROR 42P16: column "x" has pseudo-type unknown

# What operators compute inside of ARRAY is of their types.

> SELECT ARRAY[1.5::float8 * 2, 0.25] AS floats, ARRAY[1 + 2.5] AS numerics, ARRAY[1 + 2, 3] AS integers, ARRAY['a' || 'b'] AS texts
  floats  | numerics | integers | texts
----------+----------+----------+-------
 {3,0.25} | {3.5}    | {3,3}    | {ab}
(1 row)

> SELECT 1 = ANY ('{{0,1},{2,3}}'::smallint[]) AS a, 5 = ANY ('{{0,1},{2,3}}'::int[]) AS b, 1 <> ALL ('{{0,1}}'::int[]) AS c, 1 = ANY (ARRAY[ARRAY[1, 2], ARRAY[3, NULL]]) AS d, 4 = ANY (ARRAY[ARRAY[1, 2], ARRAY[3, NULL]]) AS e
 a | b | c | d |  e
---+---+---+---+------
 t | f | f | t | NULL
(1 row)

> PREPARE members (smallint[]) AS SELECT n FROM (VALUES ('0'), ('5'), ('7')) AS v (n) WHERE n::int = ANY ($1) ORDER BY n
PREPARE

> EXECUTE members ('{{0,5},{1,NULL}}')
 n
---
 0
 5
(2 rows)

> EXECUTE members ('{7}')
 n
---
 7
(1 row)

> DEALLOCATE members
DEALLOCATE

> SELECT 'b' = ANY ('{a,b}') AS a, 'q' <> ALL ('{a,b}') AS b, 'z' LIKE ANY ('{{a%,z%}}'::text[]) AS c, 'z' NOT LIKE ALL ('{{a%},{z%}}'::text[]) AS d
 a | b | c | d
---+---+---+---
 t | t | t | f
(1 row)

> SELECT 1 = ANY (1)
ERROR 42809: op ANY/ALL (array) requires array on right side
LINE 1: SELECT 1 = ANY (1)
                        ^

> SELECT id FROM (VALUES (1)) AS v (id) WHERE id = ALL (id)
ERROR 42809: op ANY/ALL (array) requires array on right side
LINE 1: SELECT id FROM (VALUES (1)) AS v (id) WHERE id = ALL (id)
                                                              ^
