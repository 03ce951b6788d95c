# jsonb: operators, functions, and what is refused.

> CREATE TABLE doc (id int PRIMARY KEY, body jsonb)
CREATE TABLE

> INSERT INTO doc VALUES (1, '{"a": 1, "b": {"c": [10, 20, {"d": "deep"}]}, "t": "text"}'), (2, '[1, "two", null, true]'), (3, NULL), (4, '{"z":1,"a":2,"a":3}')
INSERT 0 4

> SELECT * FROM doc ORDER BY id
 id |                            body
----+------------------------------------------------------------
  1 | {"a": 1, "b": {"c": [10, 20, {"d": "deep"}]}, "t": "text"}
  2 | [1, "two", null, true]
  3 | NULL
  4 | {"a": 3, "z": 1}
(4 rows)

> SELECT body -> 'a', body ->> 't', body -> 'b' -> 'c' -> 1 FROM doc WHERE id = 1
 ?column? | ?column? | ?column?
----------+----------+----------
 1        | text     | 20
(1 row)

> SELECT body #> '{b,c,2}', body #>> '{b,c,2,d}' FROM doc WHERE id = 1
   ?column?    | ?column?
---------------+----------
 {"d": "deep"} | deep
(1 row)

> SELECT body -> 0, body ->> 1, body -> 2, body ->> 2, body -> -1, body -> 9 FROM doc WHERE id = 2
 ?column? | ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------+----------
 1        | two      | null     | NULL     | true     | NULL
(1 row)

> SELECT id FROM doc WHERE body @> '{"b": {"c": [20]}}'
 id
----
  1
(1 row)

> SELECT id FROM doc WHERE body ? 'a' ORDER BY id
 id
----
  1
  4
(2 rows)

> SELECT id FROM doc WHERE body ?| array['t', 'z'] ORDER BY id
 id
----
  1
  4
(2 rows)

> SELECT id FROM doc WHERE body ?& array['a', 'z'] ORDER BY id
 id
----
  4
(1 row)

> SELECT id FROM doc WHERE body ->> 't' = 'text'
 id
----
  1
(1 row)

> SELECT id FROM doc WHERE (body ->> 'a')::int > 1
 id
----
  4
(1 row)

> SELECT '{"a":1}'::jsonb || '{"b":2}'::jsonb, '{"a":1,"b":2}'::jsonb - 'a', '[1,2,3]'::jsonb - 1
     ?column?     | ?column? | ?column?
------------------+----------+----------
 {"a": 1, "b": 2} | {"b": 2} | [1, 3]
(1 row)

> SELECT '{"b": 1, "a": 2}'::jsonb = '{"a": 2, "b": 1.0}'::jsonb
 ?column?
----------
 t
(1 row)

> SELECT jsonb_typeof(body), jsonb_typeof(body -> 'a') FROM doc WHERE id IN (1, 2) ORDER BY id
 jsonb_typeof | jsonb_typeof
--------------+--------------
 object       | number
 array        | NULL
(2 rows)

> SELECT jsonb_array_length(body) FROM doc WHERE id = 2
 jsonb_array_length
--------------------
                  4
(1 row)

> SELECT jsonb_array_length('{}'::jsonb)
ERROR 22023: cannot get array length of a non-array

> SELECT jsonb_build_object('n', 1, 's', 'x', 'b', true, 'z', NULL)
            jsonb_build_object
------------------------------------------
 {"b": true, "n": 1, "s": "x", "z": null}
(1 row)

> SELECT jsonb_build_array(1, 'x', NULL)
 jsonb_build_array
-------------------
 [1, "x", null]
(1 row)

> SELECT jsonb_object_keys(body) FROM doc WHERE id = 1
 jsonb_object_keys
-------------------
 a
 b
 t
(3 rows)

> SELECT value FROM jsonb_array_elements('[1, {"x": 2}]'::jsonb)
  value
----------
 1
 {"x": 2}
(2 rows)

> SELECT key, value FROM jsonb_each('{"k": 1, "l": [2]}'::jsonb)
 key | value
-----+-------
 k   | 1
 l   | [2]
(2 rows)

> SELECT to_jsonb('a"b'::text), to_jsonb(1.50), jsonb_set('{"a": {"b": 1}}', '{a,b}', '2')
 to_jsonb | to_jsonb |    jsonb_set
----------+----------+-----------------
 "a\"b"   | 1.50     | {"a": {"b": 2}}
(1 row)

> SELECT jsonb_agg(id ORDER BY id) FROM doc
  jsonb_agg
--------------
 [1, 2, 3, 4]
(1 row)

> UPDATE doc SET body = body || '{"new": [1.10, 1e3]}' WHERE id = 1
UPDATE 1

> SELECT body -> 'new' FROM doc WHERE id = 1
   ?column?
--------------
 [1.10, 1000]
(1 row)

# differs: PostgreSQL answers
#   ERROR 22P02: invalid input syntax for type json
#   DETAIL: Expected JSON value, but found "}".
> INSERT INTO doc VALUES (5, '{"a": }')
ERROR 22P02: invalid input syntax for type json
LINE 1: INSERT INTO doc VALUES (5, '{"a": }')
                                   ^
DETAIL: Token "}" is invalid at byte 7.

> INSERT INTO doc VALUES (5, '')
ERROR 22P02: invalid input syntax for type json
LINE 1: INSERT INTO doc VALUES (5, '')
                                   ^
DETAIL: The input string ended unexpectedly.

# differs: PostgreSQL answers
#   ERROR 22P02: invalid input syntax for type json
#   DETAIL: Token "x" is invalid.
> INSERT INTO doc VALUES (5, '{"a": 1} x')
ERROR 22P02: invalid input syntax for type json
LINE 1: INSERT INTO doc VALUES (5, '{"a": 1} x')
                                   ^
DETAIL: Token "x" is invalid at byte 10.

> INSERT INTO doc VALUES (5, '"\u0000"')
ERROR 22P05: unsupported Unicode escape sequence
LINE 1: INSERT INTO doc VALUES (5, '"\u0000"')
                                   ^
DETAIL: \u0000 cannot be converted to text.

> SELECT '{"a": "\u00e4\ud83d\ude00"}'::jsonb
    jsonb
-------------
 {"a": "ä😀"}
(1 row)

> SELECT '12345678901234567890.123456789'::jsonb
             jsonb
--------------------------------
 12345678901234567890.123456789
(1 row)

> SELECT ' {"keep" :   1} '::json
       json
------------------
  {"keep" :   1}
(1 row)

> SELECT id FROM doc ORDER BY body -> 'a', id
 id
----
  1
  4
  2
  3
(4 rows)

# Numbers inside are compared by value, keys in any order.

> SELECT '{"a":1}'::jsonb = '{"a":1.0}'::jsonb AS same, '{"a":1,"b":2}'::jsonb = '{"b":2.00, "a":1}'::jsonb AS order, '[1]'::jsonb < '[1.5]'::jsonb AS less, '1'::jsonb IS DISTINCT FROM '1.0'::jsonb AS distinct, '1.0'::jsonb IN ('2', '1') AS found
 same | order | less | distinct | found
------+-------+------+----------+-------
 t    | t     | t    | f        | t
(1 row)

> CREATE TABLE measure (id int PRIMARY KEY, j jsonb)
CREATE TABLE

> INSERT INTO measure VALUES (1, '{"a": 1}'), (2, '{"a": 1.0}'), (3, '{"a": 2}'), (4, '10'), (5, '9'), (6, NULL), (7, '1e1')
INSERT 0 7

> SELECT id FROM measure WHERE j = '{"a": 1.00}' ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT j, count(*) FROM measure GROUP BY j ORDER BY j
    j     | count
----------+-------
 9        |     1
 10       |     2
 {"a": 1} |     2
 {"a": 2} |     1
 NULL     |     1
(5 rows)

> SELECT DISTINCT j -> 'a' AS a FROM measure ORDER BY a
  a
------
 1
 2
 NULL
(3 rows)

> SELECT count(DISTINCT j) FROM measure
 count
-------
     4
(1 row)

> SELECT l.id, r.id FROM measure l JOIN measure r ON r.j = l.j AND r.id > l.id ORDER BY l.id
 id | id
----+----
  1 |  2
  4 |  7
(2 rows)

> SELECT id FROM measure ORDER BY j DESC NULLS LAST, id
 id
----
  3
  1
  2
  4
  7
  5
  6
(7 rows)

# A part of a column may be compared with several values.

> SELECT id FROM measure WHERE j -> 'a' IN ('1.0', '3') ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id FROM measure WHERE j ->> 'a' IN ('1', '2') ORDER BY id
 id
----
  1
  3
(2 rows)

> SELECT id FROM measure WHERE j ->> 'a' = ANY (ARRAY['1', '2']) ORDER BY id
 id
----
  1
  3
(2 rows)

> SELECT id FROM measure WHERE j ->> 'a' <> ALL (ARRAY['1', '3']) ORDER BY id
 id
----
  2
  3
(2 rows)

> SELECT id FROM measure WHERE j ->> 'a' BETWEEN '1' AND '1.5' ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id, CASE j ->> 'a' WHEN '1' THEN 'one' WHEN '2' THEN 'two' END AS named FROM measure WHERE id < 4 ORDER BY id
 id | named
----+-------
  1 | one
  2 | NULL
  3 | two
(3 rows)

> SELECT id, rank() OVER (ORDER BY j) FROM measure ORDER BY id
 id | rank
----+------
  1 |    4
  2 |    4
  3 |    6
  4 |    2
  5 |    1
  6 |    7
  7 |    2
(7 rows)

# What is computed from a grouped jsonb stands beside it.

> CREATE TABLE jd (id int PRIMARY KEY, j jsonb)
CREATE TABLE

> INSERT INTO jd VALUES (1, '1'), (2, '1.0'), (3, '"a"'), (4, NULL)
INSERT 0 4

> SELECT DISTINCT jsonb_typeof(j), j = '1' FROM jd ORDER BY 1
 jsonb_typeof | ?column?
--------------+----------
 number       | t
 string       | f
 NULL         | NULL
(3 rows)

> SELECT count(*) FROM (SELECT DISTINCT jsonb_typeof(j), j FROM jd) d
 count
-------
     3
(1 row)

> SELECT jsonb_typeof(j) AS kind, count(*) FROM jd GROUP BY 1, j ORDER BY 1
  kind  | count
--------+-------
 number |     2
 string |     1
 NULL   |     1
(3 rows)

> SELECT jsonb_typeof(j), j IS NULL, count(*) FROM jd GROUP BY 1, 2, j ORDER BY 1
 jsonb_typeof | ?column? | count
--------------+----------+-------
 number       | f        |     2
 string       | f        |     1
 NULL         | t        |     1
(3 rows)
