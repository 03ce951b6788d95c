# Functions in FROM: one value is one row; some return the rows of a catalog.

> SELECT * FROM current_schema()
 current_schema
----------------
 public
(1 row)

> SELECT * FROM current_database() AS db
   db
---------
 nebulus
(1 row)

> SELECT * FROM abs(-3)
 abs
-----
   3
(1 row)

> SELECT a.n + 1 AS n FROM abs(-3) AS a(n)
 n
---
 4
(1 row)

> SELECT * FROM abs(-3) AS a(n, m)
ERROR 42P10: table "a" has 1 columns available but 2 columns specified

> SELECT * FROM string_to_array('a,b', ',') s
   s
-------
 {a,b}
(1 row)

> SELECT s[2] FROM string_to_array('a,b', ',') s
 s
---
 b
(1 row)

> SELECT u.name, x.n FROM lower('ABC') AS u(name), generate_series(1, 2) AS x(n)
 name | n
------+---
 abc  | 1
 abc  | 2
(2 rows)

> SELECT * FROM count(*)
ERROR 42803: aggregate functions are not allowed in functions in FROM
LINE 1: SELECT * FROM count(*)
                      ^

> SELECT * FROM nosuch(1)
ERROR 42883: function nosuch() does not exist
LINE 1: SELECT * FROM nosuch(1)
                      ^
HINT: The section "Functions" of COMPAT.md lists those that are.

> SELECT word, catcode, barelabel FROM pg_get_keywords() WHERE word IN ('abort', 'select', 'between', 'left') ORDER BY word
  word   | catcode | barelabel
---------+---------+-----------
 abort   | U       | t
 between | C       | t
 left    | T       | t
 select  | R       | t
(4 rows)

> SELECT count(*) > 400 AS many FROM pg_catalog.pg_get_keywords()
 many
------
 t
(1 row)

> SELECT name, default_version FROM pg_available_extensions() AS e WHERE e.name = 'vector'
  name  | default_version
--------+-----------------
 vector | 0.8.1
(1 row)

> SELECT k.a FROM pg_available_extensions() AS k(a) WHERE a = 'vector'
   a
--------
 vector
(1 row)

> SELECT setting FROM pg_show_all_settings() WHERE name = 'server_encoding'
 setting
---------
 UTF8
(1 row)

> SELECT * FROM pg_get_keywords(1)
ERROR 42883: function pg_get_keywords takes no arguments
LINE 1: SELECT * FROM pg_get_keywords(1)
                      ^

> SELECT * FROM pg_partition_ancestors('memory'::regclass)
 pg_partition_ancestors
------------------------
(0 rows)

# Several arrays side by side.

> SELECT * FROM unnest(ARRAY['a', 'b'], ARRAY[1, 2]) AS t(name, n)
 name | n
------+---
 a    | 1
 b    | 2
(2 rows)

> CREATE TABLE pair (name text, note text)
CREATE TABLE

> INSERT INTO pair SELECT * FROM unnest(ARRAY['a', 'b'], ARRAY['x', 'y'])
INSERT 0 2

> INSERT INTO pair SELECT * FROM unnest(ARRAY['c'])
INSERT 0 1

> SELECT * FROM pair ORDER BY name
 name | note
------+------
 a    | x
 b    | y
 c    | NULL
(3 rows)

> SELECT unnest + 1 AS next FROM unnest(ARRAY[1, 2]::int[])
 next
------
    2
    3
(2 rows)

# int2vector and oidvector: positions from 0, text with blanks.

> CREATE TABLE shelf (id int PRIMARY KEY, place int, title text)
CREATE TABLE

> CREATE INDEX shelf_place ON shelf (title, place)
CREATE INDEX

> SELECT indkey, indkey::text, indoption, indkey[0], (indkey)[1], i.indkey[1], i.indkey[2] IS NULL AS beyond FROM pg_index i WHERE indexrelid = 'shelf_place'::regclass
 indkey | indkey | indoption | indkey | indkey | indkey | beyond
--------+--------+-----------+--------+--------+--------+--------
 3 2    | 3 2    | 0 0       |      3 |      2 |      2 | t
(1 row)

> SELECT pg_typeof(indkey), pg_typeof(indclass), pg_typeof(indkey[0]) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass
 pg_typeof  | pg_typeof | pg_typeof
------------+-----------+-----------
 int2vector | oidvector | smallint
(1 row)

> SELECT array_lower(indkey, 1), array_upper(indkey, 1), array_lower(ARRAY[5, 6], 1) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass
 array_lower | array_upper | array_lower
-------------+-------------+-------------
           0 |           1 |           1
(1 row)

> SELECT generate_subscripts(indkey, 1) FROM pg_index WHERE indexrelid = 'shelf_place'::regclass
 generate_subscripts
---------------------
                   0
                   1
(2 rows)

> SELECT attname FROM pg_attribute a JOIN pg_index i ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indexrelid = 'shelf_place'::regclass ORDER BY attname
 attname
---------
 place
 title
(2 rows)

> SELECT c.conkey, c.conkey[1] FROM pg_constraint c WHERE c.conrelid = 'shelf'::regclass AND c.contype = 'p'
 conkey | conkey
--------+--------
 {1}    |      1
(1 row)

> SELECT '1 2'::int2vector, '3 4'::oidvector, '1 x'::int2vector
ERROR 22P02: invalid input syntax for type smallint: "x"
LINE 1: SELECT '1 2'::int2vector, '3 4'::oidvector, '1 x'::int2vector
                                                    ^

> SELECT '1 2'::int2vector, '3 4'::oidvector
 int2vector | oidvector
------------+-----------
 1 2        | 3 4
(1 row)

> SELECT typname, typelem, typarray, typlen FROM pg_type WHERE oid IN (22, 30) ORDER BY oid
  typname   | typelem | typarray | typlen
------------+---------+----------+--------
 int2vector |      21 |     1006 |     -1
 oidvector  |      26 |     1013 |     -1
(2 rows)

> SELECT proname, proargtypes, proargtypes[0] FROM pg_proc WHERE proname = 'pg_backend_pid'
    proname     | proargtypes | proargtypes
----------------+-------------+-------------
 pg_backend_pid |             |        NULL
(1 row)

# Rows of an element and its position.

> SELECT information_schema._pg_expandarray(ARRAY['x', 'y'])
 _pg_expandarray
-----------------
 (x,1)
 (y,2)
(2 rows)

> SELECT (information_schema._pg_expandarray(i.indkey)).n, (information_schema._pg_expandarray(i.indkey)).x FROM pg_index i WHERE indexrelid = 'shelf_place'::regclass
 n | x
---+---
 1 | 3
 2 | 2
(2 rows)

> SELECT (k.keys).n, (k.keys).x, k.indoption[(k.keys).n - 1] AS option FROM (SELECT indoption, information_schema._pg_expandarray(indkey) AS keys FROM pg_index WHERE indexrelid = 'shelf_place'::regclass) k ORDER BY 1
 n | x | option
---+---+--------
 1 | 3 |      0
 2 | 2 |      0
(2 rows)

# Fewer names than columns: the others keep theirs.

> CREATE TABLE twin (a int, b int)
CREATE TABLE

> INSERT INTO twin VALUES (1, 2)
INSERT 0 1

> SELECT * FROM (twin CROSS JOIN (SELECT 3 AS c) other) j(x)
 x | b | c
---+---+---
 1 | 2 | 3
(1 row)

> SELECT * FROM (SELECT a, b FROM twin) q(x)
 x | b
---+---
 1 | 2
(1 row)

> WITH q(x) AS (SELECT 1, 2 AS b) SELECT * FROM q
 x | b
---+---
 1 | 2
(1 row)

> WITH RECURSIVE q(x) AS (SELECT 1, 2 AS b UNION ALL SELECT x + 1, b FROM q WHERE x < 2) SELECT * FROM q ORDER BY x
 x | b
---+---
 1 | 2
 2 | 2
(2 rows)

> SELECT * FROM (VALUES (1, 2)) v(x)
 x | column2
---+---------
 1 |       2
(1 row)

# differs: PostgreSQL calls the second column unnest.
> SELECT * FROM unnest(ARRAY[1], ARRAY['z']) u(x)
 x | unnest_2
---+----------
 1 | z
(1 row)

> SELECT * FROM generate_series(1, 1) WITH ORDINALITY g(x)
 x | ordinality
---+------------
 1 |          1
(1 row)

> SELECT * FROM jsonb_each('{"a": 1}') e(k)
 k | value
---+-------
 a | 1
(1 row)

> CREATE VIEW named AS SELECT * FROM (twin CROSS JOIN (SELECT 3 AS c) other) AS j
CREATE VIEW

> SELECT * FROM named
 a | b | c
---+---+---
 1 | 2 | 3
(1 row)

> CREATE VIEW renamed AS SELECT * FROM (twin CROSS JOIN (SELECT 3 AS c) other) AS j(x)
ERROR 0A000: names for the columns of a join are not offered in a view
HINT: Name the columns in a SELECT from the join.

> CREATE VIEW sampled AS SELECT a FROM twin TABLESAMPLE SYSTEM (100)
CREATE VIEW

> CREATE TABLE bare ()
CREATE TABLE

> INSERT INTO bare DEFAULT VALUES
INSERT 0 1

> SELECT exists(SELECT * FROM bare), exists(SELECT FROM twin WHERE false)
 exists | exists
--------+--------
 t      | f
(1 row)

# A column of the result that is called as the array beside it.

> SELECT a[1], unnest(a) FROM (VALUES (ARRAY[1, 2]), (ARRAY[3])) v(a)
 a | unnest
---+--------
 1 |      1
 1 |      2
 3 |      3
(3 rows)

> SELECT a[1:1], unnest(a) AS e FROM (VALUES (ARRAY[1, 2]), (ARRAY[3])) v(a) ORDER BY a, e
  a  | e
-----+---
 {1} | 1
 {1} | 2
 {3} | 3
(3 rows)

> SELECT i + 1 AS i, unnest(a) FROM (VALUES (1, ARRAY[1, 2])) v(i, a) ORDER BY i, 2
 i | unnest
---+--------
 2 |      1
 2 |      2
(2 rows)
