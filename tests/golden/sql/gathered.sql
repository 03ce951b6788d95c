# Aggregates that show their rows one by one: the order that is asked for, and equal rows once, in order. Texts of other values.

> CREATE TABLE reading (id int PRIMARY KEY, station text, degrees int, at date)
CREATE TABLE

> INSERT INTO reading VALUES (1, 'north', 3, '2026-01-02'), (2, 'south', 9, '2026-01-01'), (3, 'north', 1, '2026-01-03'), (4, 'south', NULL, '2026-01-04'), (5, 'north', 3, '2026-01-05')
INSERT 0 5

> SELECT array_agg(degrees ORDER BY at DESC), string_agg(station, ',' ORDER BY at), jsonb_agg(degrees ORDER BY degrees DESC NULLS LAST, id), json_agg(id ORDER BY at) FROM reading
   array_agg    |          string_agg           |     jsonb_agg      |    json_agg
----------------+-------------------------------+--------------------+-----------------
 {3,NULL,1,3,9} | south,north,north,south,north | [9, 3, 3, 1, null] | [2, 1, 3, 4, 5]
(1 row)

> SELECT array_agg(DISTINCT degrees), string_agg(DISTINCT station, ','), jsonb_agg(DISTINCT degrees), json_agg(DISTINCT station), count(DISTINCT degrees) FROM reading
  array_agg   | string_agg  |    jsonb_agg    |      json_agg      | count
--------------+-------------+-----------------+--------------------+-------
 {1,3,9,NULL} | north,south | [1, 3, 9, null] | ["north", "south"] |     3
(1 row)

> SELECT array_agg(DISTINCT degrees ORDER BY degrees DESC), string_agg(DISTINCT station, ',' ORDER BY station DESC), jsonb_agg(DISTINCT degrees ORDER BY degrees DESC NULLS LAST) FROM reading
  array_agg   | string_agg  |    jsonb_agg
--------------+-------------+-----------------
 {NULL,9,3,1} | south,north | [9, 3, 1, null]
(1 row)

> SELECT station, jsonb_agg(id ORDER BY degrees, id DESC), jsonb_agg(DISTINCT degrees), jsonb_object_agg(id, degrees ORDER BY id DESC), string_agg(degrees::text, '<' ORDER BY degrees) FILTER (WHERE id > 1) FROM reading GROUP BY station ORDER BY station
 station | jsonb_agg | jsonb_agg |     jsonb_object_agg     | string_agg
---------+-----------+-----------+--------------------------+------------
 north   | [3, 5, 1] | [1, 3]    | {"1": 3, "3": 1, "5": 3} | 1<3
 south   | [2, 4]    | [9, null] | {"2": 9, "4": null}      | 9
(2 rows)

> SELECT jsonb_agg(r.degrees ORDER BY r.id DESC) AS a, station FROM reading r GROUP BY station HAVING jsonb_agg(DISTINCT degrees) <> '[9]' ORDER BY jsonb_agg(DISTINCT degrees)
     a     | station
-----------+---------
 [3, 1, 3] | north
 [null, 9] | south
(2 rows)

> SELECT jsonb_agg(DISTINCT j), jsonb_agg(j ORDER BY j DESC), array_agg(DISTINCT j) FROM (VALUES ('{"a": 1}'::jsonb), ('{"a": 1.0}'), ('[1]'), (NULL)) v(j)
       jsonb_agg       |             jsonb_agg             |        array_agg
-----------------------+-----------------------------------+-------------------------
 [[1], {"a": 1}, null] | [null, {"a": 1}, {"a": 1.0}, [1]] | {[1],"{\"a\": 1}",NULL}
(1 row)

> SELECT array_agg(DISTINCT f), jsonb_agg(DISTINCT i) FROM (VALUES (0.0::float8, interval '1 month'), ('-0', '30 days'), ('NaN', '1 day'), ('NaN', '24 hours')) v(f, i)
 array_agg |     jsonb_agg
-----------+--------------------
 {0,NaN}   | ["1 day", "1 mon"]
(1 row)

> SELECT string_agg(name, sep ORDER BY name DESC), string_agg(DISTINCT name, sep ORDER BY name DESC) FROM (VALUES ('a', '-'), ('b', '+'), ('c', '*'), (NULL, '!'), ('d', NULL)) v(name, sep)
 string_agg | string_agg
------------+------------
 d*c+b-a    | d*c+b-a
(1 row)

> SELECT string_agg(b, '\x00'::bytea ORDER BY b DESC), string_agg(b, NULL ORDER BY b) FROM (VALUES ('\x01'::bytea), ('\x02')) v(b)
 string_agg | string_agg
------------+------------
 \x020001   | \x0102
(1 row)

> SELECT jsonb_object_agg(DISTINCT k, v), json_object_agg(k, v ORDER BY k) FROM (VALUES ('b', 2), ('a', 1), ('b', 2)) t(k, v)
 jsonb_object_agg |        json_object_agg
------------------+-------------------------------
 {"a": 1, "b": 2} | { "a" : 1, "b" : 2, "b" : 2 }
(1 row)

> SELECT array_agg(degrees ORDER BY at), jsonb_agg(DISTINCT degrees), string_agg(DISTINCT station, ',' ORDER BY station) FROM reading WHERE false
 array_agg | jsonb_agg | string_agg
-----------+-----------+------------
 NULL      | NULL      | NULL
(1 row)

> SELECT array_agg(DISTINCT 1), string_agg(DISTINCT 'x', ','), array_agg(degrees ORDER BY 1) FROM reading
 array_agg | string_agg |   array_agg
-----------+------------+----------------
 {1}       | x          | {3,9,1,NULL,3}
(1 row)

> SELECT sum(DISTINCT degrees ORDER BY degrees), max(degrees ORDER BY id) FROM reading
 sum | max
-----+-----
  13 |   9
(1 row)

> SELECT array_agg(DISTINCT degrees ORDER BY at) FROM reading
ERROR 42P10: in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list
LINE 1: SELECT array_agg(DISTINCT degrees ORDER BY at) FROM reading
                                                   ^

> SELECT string_agg(degrees, ',') FROM reading
ERROR 42883: function string_agg(integer, unknown) does not exist
LINE 1: SELECT string_agg(degrees, ',') FROM reading
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT concat(true, NULL, false), concat_ws(',', true, NULL, false), format('%s %L', true, false), 'a' || true, quote_literal(true), quote_nullable(false)
 concat | concat_ws | format | ?column? | quote_literal | quote_nullable
--------+-----------+--------+----------+---------------+----------------
 tf     | t,f       | t 'f'  | atrue    | 'true'        | 'false'
(1 row)

> SELECT concat(1.50, '2026-01-02'::date, '2026-01-02 03:04:05+00'::timestamptz, '\x01'::bytea, ARRAY[true, false], '{"a":1}'::jsonb, 1e20::float8), concat_ws(NULL, 'a'), concat_ws('-', NULL), concat(NULL)
                           concat                           | concat_ws | concat_ws | concat
------------------------------------------------------------+-----------+-----------+--------
 1.502026-01-022026-01-02 03:04:05+00\x01{t,f}{"a": 1}1e+20 | NULL      |           |
(1 row)

> SELECT array_remove(ARRAY[1, 2, 1, NULL], 1), array_replace(ARRAY[1, 2, 1], 1, 9), array_remove(ARRAY[1, NULL], NULL), array_replace(ARRAY[1, NULL], NULL, 0)
 array_remove | array_replace | array_remove | array_replace
--------------+---------------+--------------+---------------
 {2,NULL}     | {9,2,9}       | {1}          | {1,0}
(1 row)

# Arrays gathered are an array of one more dimension.

> SELECT array_agg(a) FROM (SELECT ARRAY[1,2] AS a UNION ALL SELECT ARRAY[3,4]) s
   array_agg
---------------
 {{1,2},{3,4}}
(1 row)

> SELECT array_agg(ARRAY[x, x+1] ORDER BY x DESC) FROM (VALUES (1),(2)) v(x)
   array_agg
---------------
 {{2,3},{1,2}}
(1 row)

> SELECT array_agg(DISTINCT a) FROM (SELECT ARRAY['b','y'] AS a UNION ALL SELECT ARRAY['a','x'] UNION ALL SELECT ARRAY['b','y']) s
   array_agg
---------------
 {{a,x},{b,y}}
(1 row)

> SELECT pg_typeof(array_agg(a)), array_ndims(array_agg(a)), (array_agg(a))[1][2] AS one FROM (SELECT ARRAY[1,2] AS a) s
 pg_typeof | array_ndims | one
-----------+-------------+-----
 integer[] |           2 |   2
(1 row)

> SELECT ARRAY(SELECT ARRAY[x] FROM (VALUES (1),(2)) v(x))
   array
-----------
 {{1},{2}}
(1 row)

> SELECT array_agg(a) IS NULL AS a FROM (SELECT ARRAY[1,2] AS a) s WHERE false
 a
---
 t
(1 row)

> SELECT array_agg(a) FROM (SELECT ARRAY[1,2] AS a UNION ALL SELECT ARRAY[3]) s
ERROR 2202E: cannot accumulate arrays of different dimensionality

> SELECT array_agg(a) FROM (SELECT NULL::int[] AS a) s
ERROR 22004: cannot accumulate null arrays

> SELECT array_agg(a) FROM (SELECT '{}'::int[] AS a) s
ERROR 2202E: cannot accumulate empty arrays

> SELECT ARRAY[[1,2],[3,4]], ARRAY[ARRAY['a','b']] AS b, pg_typeof(ARRAY[[1,2]])
     array     |    b    | pg_typeof
---------------+---------+-----------
 {{1,2},{3,4}} | {{a,b}} | integer[]
(1 row)

> SELECT unnest(ARRAY[[1,2],[3,4]])
 unnest
--------
      1
      2
      3
      4
(4 rows)

> SELECT x FROM unnest(ARRAY[[1,2],[3,4]]) AS t(x) ORDER BY x DESC
 x
---
 4
 3
 2
 1
(4 rows)

> SELECT array_agg(a::text) FROM (SELECT ARRAY[1,2] AS a) s
 array_agg
-----------
 {"{1,2}"}
(1 row)
