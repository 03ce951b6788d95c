# ANY and ALL behind operators that compare nothing.

> SELECT 'a b'::tsvector @@ ANY ('{a,c}'::tsquery[])
 ?column?
----------
 t
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ANY (ARRAY['c'::tsquery, 'b'])
 ?column?
----------
 t
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ALL (ARRAY['a'::tsquery, 'c'])
 ?column?
----------
 f
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ANY (ARRAY[NULL::tsquery, 'c'])
 ?column?
----------
 NULL
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ANY (ARRAY[NULL::tsquery, 'a'])
 ?column?
----------
 t
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ANY (NULL::tsquery[])
 ?column?
----------
 NULL
(1 row)

> SELECT to_tsvector('simple', 'a b') @@ ANY ('{}'::tsquery[]), to_tsvector('simple', 'a b') @@ ALL ('{}'::tsquery[])
 ?column? | ?column?
----------+----------
 f        | t
(1 row)

> SELECT '{"a":1,"b":2}'::jsonb @> ANY (ARRAY['{"a":1}', '{"c":1}']::jsonb[])
 ?column?
----------
 t
(1 row)

> SELECT '{"a":1,"b":2}'::jsonb @> ALL (ARRAY['{"a":1}', '{"b":2}']::jsonb[])
 ?column?
----------
 t
(1 row)

> SELECT '{"a":1}'::jsonb <@ ANY (ARRAY['{"a":1,"b":2}'::jsonb])
 ?column?
----------
 t
(1 row)

> SELECT '{"a":1}'::jsonb ? ANY (ARRAY['x', 'a'])
 ?column?
----------
 t
(1 row)

> SELECT ARRAY[1,2] @> ANY (ARRAY[1,2])
ERROR 42883: operator does not exist: integer[] @> integer
LINE 1: SELECT ARRAY[1,2] @> ANY (ARRAY[1,2])
                        ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT ARRAY[1,2] && ANY (ARRAY[ARRAY[1,5], ARRAY[7,8]])
ERROR 42883: operator does not exist: integer[] && integer
LINE 1: SELECT ARRAY[1,2] && ANY (ARRAY[ARRAY[1,5], ARRAY[7,8]])
                        ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT 'abc' ~ ANY (ARRAY['^x', 'c$']), 'abc' !~ ALL (ARRAY['^x', 'y']), 'ABC' ~* ANY ('{abc}')
 ?column? | ?column? | ?column?
----------+----------+----------
 t        | t        | t
(1 row)

> SELECT 'abc' LIKE ANY (ARRAY[['x%'], ['%c']]), 'abc' LIKE ALL ('{{a%},{%c}}'), 'abc' NOT ILIKE ANY (ARRAY['A%'])
 ?column? | ?column? | ?column?
----------+----------+----------
 t        | t        | f
(1 row)

> SELECT 1 @@ ANY (ARRAY[1])
ERROR 42883: operator does not exist: integer @@ integer
LINE 1: SELECT 1 @@ ANY (ARRAY[1])
                 ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT 'a'::tsvector @@ ANY ('a'::tsquery)
ERROR 42809: op ANY/ALL (array) requires array on right side
LINE 1: SELECT 'a'::tsvector @@ ANY ('a'::tsquery)
               ^

> SELECT i, x @@ ANY (q) FROM (VALUES (1, 'a b'::tsvector, ARRAY['a'::tsquery]), (2, 'c', ARRAY['a'::tsquery, 'b']), (3, 'a', NULL)) t(i, x, q) ORDER BY i
 i | ?column?
---+----------
 1 | t
 2 | f
 3 | NULL
(3 rows)

> CREATE TABLE q4 (id int PRIMARY KEY, doc jsonb, body tsvector)
CREATE TABLE

> INSERT INTO q4 VALUES (1, '{"k":[1,2]}', 'cat dog'), (2, '{"k":[3]}', 'bird'), (3, NULL, NULL)
INSERT 0 3

> SELECT id FROM q4 WHERE doc @> ANY (ARRAY['{"k":[2]}', '{"k":[3]}']::jsonb[]) ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id FROM q4 WHERE body @@ ANY (ARRAY['cat'::tsquery, 'fish']) ORDER BY id
 id
----
  1
(1 row)

> SELECT id FROM q4 WHERE NOT (body @@ ANY (ARRAY['cat'::tsquery, 'fish'])) ORDER BY id
 id
----
  2
(1 row)

> SELECT id FROM q4 WHERE doc ? ANY (ARRAY['k']) AND id = ANY (ARRAY[1,3]) ORDER BY id
 id
----
  1
(1 row)

> DROP TABLE q4
DROP TABLE

> PREPARE likes (text[]) AS SELECT 'abc' LIKE ANY ($1), 'abc' ~ ANY ($1), 'abc' LIKE ALL ($1)
PREPARE

> EXECUTE likes ('{{x,%c},{y,z}}')
 ?column? | ?column? | ?column?
----------+----------+----------
 t        | f        | f
(1 row)

> PREPARE found (tsquery[]) AS SELECT to_tsvector('simple', 'a b') @@ ANY ($1), to_tsvector('simple', 'a b') @@ ALL ($1)
PREPARE

> EXECUTE found ('{x,a}')
 ?column? | ?column?
----------+----------
 t        | f
(1 row)

> EXECUTE found ('{}')
 ?column? | ?column?
----------+----------
 f        | t
(1 row)

> EXECUTE found (NULL)
 ?column? | ?column?
----------+----------
 NULL     | NULL
(1 row)
