# Arrays of several dimensions: parts, slices, rows, and what is made of them.

> SELECT * FROM unnest('{{1,2},{3,4}}'::int[]) AS u(x)
 x
---
 1
 2
 3
 4
(4 rows)

> SELECT unnest('{{1,2},{3,4}}'::int[])
 unnest
--------
      1
      2
      3
      4
(4 rows)

> SELECT unnest(ARRAY[[1,2],[3,4]])
 unnest
--------
      1
      2
      3
      4
(4 rows)

> SELECT unnest(ARRAY['{1,2}'::int[],'{3,4}'])
 unnest
--------
      1
      2
      3
      4
(4 rows)

> SELECT unnest('{}'::int[]), 1
 unnest | ?column?
--------+----------
(0 rows)

> SELECT unnest('{{a,b},{c,NULL}}'::text[])
 unnest
--------
 a
 b
 c
 NULL
(4 rows)

> SELECT unnest('{{{1,2}},{{3,4}}}'::int[])
 unnest
--------
      1
      2
      3
      4
(4 rows)

> SELECT * FROM unnest('{{1,2},{3,4}}'::int[], '{a,b,c}'::text[]) AS u(a, b)
 a |  b
---+------
 1 | a
 2 | b
 3 | c
 4 | NULL
(4 rows)

> SELECT * FROM unnest(ARRAY[[1,2],[3,4]]) WITH ORDINALITY AS u(x, n)
 x | n
---+---
 1 | 1
 2 | 2
 3 | 3
 4 | 4
(4 rows)

> SELECT t.i, u.x FROM (VALUES (1, ARRAY[[1,2],[3,4]]), (2, NULL)) AS t(i, a), LATERAL unnest(t.a) AS u(x) ORDER BY 1, 2
 i | x
---+---
 1 | 1
 1 | 2
 1 | 3
 1 | 4
(4 rows)

> SELECT t.i, unnest(t.a) FROM (VALUES (1, ARRAY[[1,2],[3,4]])) AS t(i, a)
 i | unnest
---+--------
 1 |      1
 1 |      2
 1 |      3
 1 |      4
(4 rows)

> SELECT (ARRAY[[1,2],[3,4]])[1]
 array
-------
  NULL
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1] IS NULL
 ?column?
----------
 t
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1][2]
 array
-------
     2
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[2][3]
 array
-------
  NULL
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1][2][1]
 array
-------
  NULL
(1 row)

> SELECT (ARRAY[1,2])[1][1]
 array
-------
  NULL
(1 row)

> SELECT ('{{1,2},{3,4}}'::int[])[1][2]
 int4
------
    2
(1 row)

> SELECT ('{{1,2},{3,4}}'::int[])[1]
 int4
------
 NULL
(1 row)

> SELECT pg_typeof((ARRAY[[1,2],[3,4]])[1])
 pg_typeof
-----------
 integer
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1:1][2:2]
 array
-------
 {{2}}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1:1]
  array
---------
 {{1,2}}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[2]
 array
-------
  NULL
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[2:2][1]
 array
-------
 {{3}}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[2][1:1]
   array
-----------
 {{1},{3}}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[:][2:]
   array
-----------
 {{2},{4}}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[3:4]
 array
-------
 {}
(1 row)

> SELECT (ARRAY[[1,2],[3,4]])[1:1][1:1][1:1]
 array
-------
 {}
(1 row)

> SELECT (ARRAY[1,2,3])[2:3]
 array
-------
 {2,3}
(1 row)

> SELECT (ARRAY[1,2,3])[1:2][1:1]
 array
-------
 {}
(1 row)

> SELECT (ARRAY[1,2,3])[0:2]
 array
-------
 {1,2}
(1 row)

> SELECT (ARRAY[1,2,3])[-1:]
  array
---------
 {1,2,3}
(1 row)

> SELECT (ARRAY[1,2,3])[3:2]
 array
-------
 {}
(1 row)

> SELECT (ARRAY[1,2,3])[NULL:2]
 array
-------
 NULL
(1 row)

> SELECT (ARRAY[1,2,3])[NULL]
 array
-------
  NULL
(1 row)

> SELECT (ARRAY[1,2,3])[0], (ARRAY[1,2,3])[-1], (ARRAY[1,2,3])[4]
 array | array | array
-------+-------+-------
  NULL |  NULL |  NULL
(1 row)

> SELECT array_length(ARRAY[[1,2,3],[3,4,5]],1), array_length(ARRAY[[1,2,3],[3,4,5]],2), array_length(ARRAY[[1,2],[3,4]],3)
 array_length | array_length | array_length
--------------+--------------+--------------
            2 |            3 |         NULL
(1 row)

> SELECT array_ndims(ARRAY[[1,2],[3,4]]), array_dims(ARRAY[[1,2],[3,4]]), cardinality(ARRAY[[1,2],[3,4]])
 array_ndims | array_dims | cardinality
-------------+------------+-------------
           2 | [1:2][1:2] |           4
(1 row)

> SELECT array_ndims('{}'::int[]), array_dims('{}'::int[]), cardinality('{}'::int[]), array_length('{}'::int[],1)
 array_ndims | array_dims | cardinality | array_length
-------------+------------+-------------+--------------
        NULL | NULL       |           0 |         NULL
(1 row)

> SELECT ARRAY[[]]::int[], array_ndims(ARRAY[[]]::int[])
 array | array_ndims
-------+-------------
 {}    |        NULL
(1 row)

> SELECT ARRAY[ARRAY[]::int[], ARRAY[]::int[]]
 array
-------
 {}
(1 row)

> SELECT array_to_string(ARRAY[[1,2],[3,NULL]], ','), array_to_string(ARRAY[[1,2],[3,NULL]], ',', '*')
 array_to_string | array_to_string
-----------------+-----------------
 1,2,3           | 1,2,3,*
(1 row)

> SELECT array_position(ARRAY[[1,2],[3,4]], 3)
ERROR 0A000: searching for elements in multidimensional arrays is not supported

> SELECT array_positions(ARRAY[[1,2],[3,4]], 3)
ERROR 0A000: searching for elements in multidimensional arrays is not supported

> SELECT array_remove(ARRAY[[1,2],[3,4]], 3)
ERROR 0A000: removing elements from multidimensional arrays is not supported

> SELECT array_replace(ARRAY[[1,2],[3,4]], 3, 9)
 array_replace
---------------
 {{1,2},{9,4}}
(1 row)

> SELECT array_append(ARRAY[[1,2],[3,4]], 3)
ERROR 22000: argument must be empty or one-dimensional array

> SELECT array_prepend(3, ARRAY[[1,2],[3,4]])
ERROR 22000: argument must be empty or one-dimensional array

> SELECT array_agg(a) FROM (VALUES (ARRAY[1,2]), (ARRAY[3,4])) AS t(a)
   array_agg
---------------
 {{1,2},{3,4}}
(1 row)

> SELECT array_agg(a) FROM (VALUES (ARRAY[1,2]), (ARRAY[3])) AS t(a)
ERROR 2202E: cannot accumulate arrays of different dimensionality

> SELECT array_agg(a) FROM (VALUES (ARRAY[1,2]), (NULL)) AS t(a)
ERROR 22004: cannot accumulate null arrays

> SELECT array_agg(a) FROM (VALUES ('{}'::int[]), ('{}')) AS t(a)
ERROR 2202E: cannot accumulate empty arrays

> SELECT pg_typeof(array_agg(a)) FROM (VALUES (ARRAY[1,2]), (ARRAY[3,4])) AS t(a)
 pg_typeof
-----------
 integer[]
(1 row)

> SELECT array_cat(ARRAY[[1,2],[3,4]], ARRAY[5,6])
      array_cat
---------------------
 {{1,2},{3,4},{5,6}}
(1 row)

> SELECT array_cat(ARRAY[5,6], ARRAY[[1,2],[3,4]])
      array_cat
---------------------
 {{5,6},{1,2},{3,4}}
(1 row)

> SELECT array_cat(ARRAY[[1,2],[3,4]], ARRAY[[5,6]])
      array_cat
---------------------
 {{1,2},{3,4},{5,6}}
(1 row)

> SELECT ARRAY[[1,2],[3,4]] || ARRAY[5,6]
      ?column?
---------------------
 {{1,2},{3,4},{5,6}}
(1 row)

> SELECT ARRAY[5,6] || ARRAY[[1,2],[3,4]]
      ?column?
---------------------
 {{5,6},{1,2},{3,4}}
(1 row)

> SELECT ARRAY[[1,2],[3,4]] || ARRAY[[5,6]]
      ?column?
---------------------
 {{1,2},{3,4},{5,6}}
(1 row)

> SELECT ARRAY[[1,2],[3,4]] || ARRAY[5]
ERROR 2202E: cannot concatenate incompatible arrays
DETAIL: Arrays with differing dimensions are not compatible for concatenation.

> SELECT ARRAY[[1,2]] || '{}'::int[], '{}'::int[] || ARRAY[[1,2]], ARRAY[[1,2]] || NULL::int[]
 ?column? | ?column? | ?column?
----------+----------+----------
 {{1,2}}  | {{1,2}}  | {{1,2}}
(1 row)

> SELECT '{{1,2}}'::int[] || '{{3,4}}'::int[]
   ?column?
---------------
 {{1,2},{3,4}}
(1 row)

> SELECT ARRAY[1,2] || '{{3,4}}'
   ?column?
---------------
 {{1,2},{3,4}}
(1 row)

> SELECT ARRAY[[1,2],[3,4]] = ARRAY[1,2,3,4], ARRAY[[1,2],[3,4]] = '{{1,2},{3,4}}', ARRAY[[1,2],[3,4]] < ARRAY[1,2,3,5], ARRAY[[1,2],[3,4]] > ARRAY[1,2,3,4]
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 f        | t        | t        | t
(1 row)

> SELECT ARRAY[[1,2],[3,4]] = ARRAY[[1,2,3,4]], ARRAY[[1,2],[3,4]] <> ARRAY[1,2,3,4]
 ?column? | ?column?
----------+----------
 f        | t
(1 row)

> SELECT '{{1,2}}'::int[] = '{1,2}'::int[], '{{1,2}}'::int[] > '{1,2}'::int[], '{{1,2}}'::int[] < '{1,3}'::int[]
 ?column? | ?column? | ?column?
----------+----------+----------
 f        | t        | t
(1 row)

> SELECT generate_subscripts(ARRAY[[1,2,3],[3,4,5]], 2)
 generate_subscripts
---------------------
                   1
                   2
                   3
(3 rows)

> SELECT generate_subscripts(ARRAY[[1,2,3],[3,4,5]], 1)
 generate_subscripts
---------------------
                   1
                   2
(2 rows)

> SELECT * FROM generate_subscripts('{{1,2},{3,4}}'::int[], 2) AS s(i)
 i
---
 1
 2
(2 rows)

> SELECT generate_subscripts(ARRAY[1,2,3], 1, true)
 generate_subscripts
---------------------
                   3
                   2
                   1
(3 rows)

> SELECT generate_subscripts(ARRAY[1,2,3], 2)
 generate_subscripts
---------------------
(0 rows)

> SELECT array_fill(7, ARRAY[2,3])
    array_fill
-------------------
 {{7,7,7},{7,7,7}}
(1 row)

> SELECT array_fill(7, ARRAY[0,3])
 array_fill
------------
 {}
(1 row)

> SELECT array_fill(NULL::int, ARRAY[2,2])
        array_fill
---------------------------
 {{NULL,NULL},{NULL,NULL}}
(1 row)

> SELECT array_upper(ARRAY[[1,2,3],[3,4,5]], 2), array_lower(ARRAY[[1,2]], 2)
 array_upper | array_lower
-------------+-------------
           3 |           1
(1 row)

> SELECT '{{1,2},{3}}'::int[]
ERROR 22P02: malformed array literal: "{{1,2},{3}}"
LINE 1: SELECT '{{1,2},{3}}'::int[]
               ^
DETAIL: Multidimensional arrays must have sub-arrays with matching dimensions.

> SELECT ARRAY[[1,2],[3]]
ERROR 2202E: multidimensional arrays must have array expressions with matching dimensions

> SELECT '{{1,2},3}'::int[]
ERROR 22P02: malformed array literal: "{{1,2},3}"
LINE 1: SELECT '{{1,2},3}'::int[]
               ^
DETAIL: Multidimensional arrays must have sub-arrays with matching dimensions.

> SELECT to_json(ARRAY[[1,2],[3,4]]), to_jsonb('{{1,2},{3,4}}'::int[]), array_to_json(ARRAY[[1,2],[3,4]])
    to_json    |     to_jsonb     | array_to_json
---------------+------------------+---------------
 [[1,2],[3,4]] | [[1, 2], [3, 4]] | [[1,2],[3,4]]
(1 row)

> SELECT ARRAY[[1,2],[3,4]]::text, ARRAY[[1,2],[3,4]]::text[], ARRAY[[1,2],[3,4]]::float8[]
     array     |     array     |     array
---------------+---------------+---------------
 {{1,2},{3,4}} | {{1,2},{3,4}} | {{1,2},{3,4}}
(1 row)

> SELECT 3 = ANY (ARRAY[[1,2],[3,4]]), 3 = ANY ('{{1,2},{3,4}}'::int[])
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> SELECT ARRAY[[1,2],[3,4]] @> ARRAY[3], ARRAY[[1,2],[3,4]] && ARRAY[[9,4]]
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> SELECT ARRAY(SELECT ARRAY[i, i+1] FROM generate_series(1,2) i)
     array
---------------
 {{1,2},{2,3}}
(1 row)

> SELECT ARRAY(SELECT unnest(ARRAY[[1,2],[3,4]]))
   array
-----------
 {1,2,3,4}
(1 row)

> SELECT array_agg(x) FROM unnest(ARRAY[[1,2],[3,4]]) AS x
 array_agg
-----------
 {1,2,3,4}
(1 row)

> SELECT sum(x) FROM unnest('{{1,2},{3,4}}'::int[]) AS x
 sum
-----
  10
(1 row)

> SELECT DISTINCT a FROM (VALUES (ARRAY[[1,2]]), (ARRAY[[1,2]])) AS t(a)
    a
---------
 {{1,2}}
(1 row)

> SELECT a FROM (VALUES (ARRAY[[1,2]]), (ARRAY[[0,5]])) AS t(a) ORDER BY a
    a
---------
 {{0,5}}
 {{1,2}}
(2 rows)

> SELECT COALESCE(NULL::int[], '{{1,2}}')
 coalesce
----------
 {{1,2}}
(1 row)

> SELECT array_reverse(ARRAY[[1,2],[3,4]]), array_sort(ARRAY[[3,4],[1,2]])
 array_reverse |  array_sort
---------------+---------------
 {{3,4},{1,2}} | {{1,2},{3,4}}
(1 row)

> SELECT trim_array(ARRAY[[1,2],[3,4]], 1)
 trim_array
------------
 {{1,2}}
(1 row)

> SELECT array_length(string_to_array('a,b', ','), 1)
 array_length
--------------
            2
(1 row)

> SELECT a FROM (VALUES (ARRAY[1,2]), (NULL)) AS t(a)
   a
-------
 {1,2}
 NULL
(2 rows)

> SELECT a FROM (VALUES (ARRAY['a','b']), (NULL)) AS t(a)
   a
-------
 {a,b}
 NULL
(2 rows)

> SELECT a FROM (VALUES (ARRAY['a'::text]), ('{b}')) AS t(a)
  a
-----
 {a}
 {b}
(2 rows)

> SELECT a FROM (VALUES (1, ARRAY[1,2]), (2, '{3}')) AS t(i, a)
   a
-------
 {1,2}
 {3}
(2 rows)

> SELECT ARRAY[1] || NULL::int[], NULL::int[] || ARRAY[1], ARRAY[1] || NULL, '{}'::int[] || ARRAY[1]
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 {1}      | {1}      | {1}      | {1}
(1 row)

> SELECT ARRAY[1,2] || '{3}'
 ?column?
----------
 {1,2,3}
(1 row)

> SELECT ARRAY[1,NULL] = ARRAY[1,NULL], ARRAY[1,2] < ARRAY[1,NULL]
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> SELECT ('{1,2}'::int[][])[1]
 int4
------
    1
(1 row)

> SELECT '{1,2}'::int[][]
 int4
-------
 {1,2}
(1 row)

> SELECT ('abc'::text)[1]
ERROR 42804: cannot subscript type text because it does not support subscripting
LINE 1: SELECT ('abc'::text)[1]
                ^

> SELECT a[1], a[-1], a[2:], a[:1], a[0:1] FROM (VALUES (ARRAY[1,2,3])) t(a)
 a |  a   |   a   |  a  |  a
---+------+-------+-----+-----
 1 | NULL | {2,3} | {1} | {1}
(1 row)

> SELECT (string_to_array('a,b,c', ','))[2]
 string_to_array
-----------------
 b
(1 row)

> SELECT (ARRAY[1,2])[1.5]
 array
-------
     2
(1 row)

> SELECT (ARRAY[1,2])['x']
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: SELECT (ARRAY[1,2])['x']
                            ^

> SELECT (ARRAY[1,2])['2']
 array
-------
     2
(1 row)

> SELECT '{{{1},{2}},{{3,4},{5,6}}}'::int[]
ERROR 22P02: malformed array literal: "{{{1},{2}},{{3,4},{5,6}}}"
LINE 1: SELECT '{{{1},{2}},{{3,4},{5,6}}}'::int[]
               ^
DETAIL: Multidimensional arrays must have sub-arrays with matching dimensions.

> SELECT '{{},{1}}'::int[]
ERROR 22P02: malformed array literal: "{{},{1}}"
LINE 1: SELECT '{{},{1}}'::int[]
               ^
DETAIL: Multidimensional arrays must have sub-arrays with matching dimensions.

> SELECT '{{}}'::int[], '{{},{}}'::int[], array_ndims('{{}}'::int[])
 int4 | int4 | array_ndims
------+------+-------------
 {}   | {}   |        NULL
(1 row)

> SELECT ARRAY(SELECT unnest('{2,1,2}'::int[]) ORDER BY 1), ARRAY(SELECT DISTINCT unnest('{2,1,2}'::int[]) ORDER BY 1)
  array  | array
---------+-------
 {1,2,2} | {1,2}
(1 row)

> SELECT ARRAY(SELECT unnest(a) FROM (VALUES (ARRAY[1,2]), (ARRAY[3])) t(a))
  array
---------
 {1,2,3}
(1 row)

> SELECT i, ARRAY(SELECT unnest(a)) FROM (VALUES (1, ARRAY[1,2]), (2, ARRAY[3])) t(i, a) ORDER BY i
 i | array
---+-------
 1 | {1,2}
 2 | {3}
(2 rows)

> SELECT 'x' WHERE ARRAY[1,NULL] > ARRAY[1,2]
 ?column?
----------
 x
(1 row)

> SELECT a FROM (VALUES (ARRAY[1,NULL]), (ARRAY[1,2])) t(a) ORDER BY a
    a
----------
 {1,2}
 {1,NULL}
(2 rows)

> SELECT ARRAY[1,2] BETWEEN ARRAY[1,1] AND ARRAY[1,NULL]
 ?column?
----------
 t
(1 row)

# Parameters of which the elements count.

> PREPARE elements (int[]) AS SELECT unnest($1)
PREPARE

> EXECUTE elements ('{{1,2},{3,4}}')
 unnest
--------
      1
      2
      3
      4
(4 rows)

> PREPARE rows (int[]) AS SELECT * FROM unnest($1) AS u(x)
PREPARE

> EXECUTE rows ('{{1,2},{3,4}}')
 x
---
 1
 2
 3
 4
(4 rows)

> PREPARE counted (text[]) AS SELECT cardinality($1)
PREPARE

> EXECUTE counted ('{{1,2},{3,4}}')
 cardinality
-------------
           4
(1 row)

# differs: the number of dimensions is a part of the type, and positions count from 1.

> SELECT array_fill(7, ARRAY[2,3], ARRAY[2,3])
ERROR 0A000: array_fill() with other lower bounds than 1, or of a number of dimensions that is computed, is not offered
HINT: Write the lengths of the dimensions as ARRAY[2, 3], without bounds.

> SELECT array_fill(7, ARRAY[3], ARRAY[2])
ERROR 0A000: array_fill() with other lower bounds than 1, or of a number of dimensions that is computed, is not offered
HINT: Write the lengths of the dimensions as ARRAY[2, 3], without bounds.

> SELECT '[2:3]={1,2}'::int[]
ERROR 22P02: malformed array literal: "[2:3]={1,2}"
LINE 1: SELECT '[2:3]={1,2}'::int[]
               ^
DETAIL: Array value must start with "{" or dimension information.

> SELECT CASE WHEN true THEN ARRAY[1,2] ELSE ARRAY[[1,2]] END
ERROR 0A000: arrays of several numbers of dimensions in one CASE are not offered
HINT: Give all of them the same number of dimensions, or write them as jsonb.

> SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[[1,2]])) AS t(a)
ERROR 0A000: arrays of several numbers of dimensions in one VALUES are not offered
LINE 1: SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[[1,2]])) AS t(a)
                                                    ^
HINT: Give all of them the same number of dimensions, or write them as jsonb.

> SELECT ARRAY[1,2] UNION ALL SELECT ARRAY[[3,4]]
ERROR 0A000: arrays of several numbers of dimensions in one UNION are not offered
LINE 1: SELECT ARRAY[1,2] UNION ALL SELECT ARRAY[[3,4]]
                                                  ^
HINT: Give all of them the same number of dimensions, or write them as jsonb.

> SELECT max(a), min(a) FROM (VALUES (ARRAY[[1,2]]), (ARRAY[[0,5]])) AS t(a)
ERROR 0A000: max of arrays of several dimensions is not offered
HINT: ORDER BY the arrays, and take the first one.

> CREATE TABLE several (id int PRIMARY KEY, a int[][])
CREATE TABLE

> INSERT INTO several VALUES (1, '{{1,2},{3,4}}')
ERROR 0A000: an array of more than one dimension cannot be stored
HINT: Store it as jsonb, or its elements in one dimension.

> INSERT INTO several VALUES (2, '{5,6}'), (3, '{}'), (4, '{{}}')
INSERT 0 3

> SELECT id, a, a[1], a[1][1], a[1:1], array_ndims(a), cardinality(a), generate_subscripts(a, 1) FROM several ORDER BY id
 id |   a   | a |  a   |  a  | array_ndims | cardinality | generate_subscripts
----+-------+---+------+-----+-------------+-------------+---------------------
  2 | {5,6} | 5 | NULL | {5} |           1 |           2 |                   1
  2 | {5,6} | 5 | NULL | {5} |           1 |           2 |                   2
(2 rows)

# Elements of a known type are appended, whatever they look like.

> SELECT ARRAY['a'] || 'b'::text, 'b'::text || ARRAY['a'], ARRAY['a'] || '{b}', ARRAY['{}'::jsonb] || '{"a": 1}'::jsonb
 ?column? | ?column? | ?column? |      ?column?
----------+----------+----------+---------------------
 {a,b}    | {b,a}    | {a,b}    | {"{}","{\"a\": 1}"}
(1 row)
