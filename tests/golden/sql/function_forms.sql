# Functions and types whose results, names and refusals PostgreSQL's and pgvector's own files asked for.

> SELECT var_pop('inf'::float8), stddev_pop('nan'::float8), var_samp('inf'::float8)
 var_pop | stddev_pop | var_samp
---------+------------+----------
     NaN |        NaN |     NULL
(1 row)

> SELECT var_pop(x), var_samp(x), variance(x), stddev(x) FROM (VALUES (100000003::float8), (100000004), (100000006), (100000007)) v(x)
 var_pop |      var_samp      |      variance      |       stddev
---------+--------------------+--------------------+--------------------
     2.5 | 3.3333333333333335 | 3.3333333333333335 | 1.8257418583505538
(1 row)

> SELECT g % 2 AS k, var_pop(g::float8), stddev_samp(g::float8) FROM generate_series(1, 4) g GROUP BY 1 ORDER BY 1
 k | var_pop |    stddev_samp
---+---------+--------------------
 0 |       1 | 1.4142135623730951
 1 |       1 | 1.4142135623730951
(2 rows)

> SELECT g, var_pop(g::float8) OVER (ORDER BY g ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM generate_series(1, 4) g ORDER BY g
 g |      var_pop
---+--------------------
 1 |               0.25
 2 | 0.6666666666666666
 3 | 0.6666666666666666
 4 |               0.25
(4 rows)

> SELECT var_pop(x) FROM (VALUES (1e300::float8), (-1e300)) v(x)
ERROR 22003: value out of range: overflow

> SELECT 'foo' LIKE ANY (ARRAY['%a', '%o']), 'foo' LIKE ALL (ARRAY['f%', '%o']), 'foo' NOT LIKE ANY (ARRAY['f%', NULL]), 'foo' ILIKE ALL ('{F%,NULL}')
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 t        | t        | NULL     | NULL
(1 row)

> SELECT * FROM pg_input_error_info('junk', 'bool')
                    message                    | detail | hint | sql_error_code
-----------------------------------------------+--------+------+----------------
 invalid input syntax for type boolean: "junk" | NULL   | NULL | 22P02
(1 row)

> SELECT * FROM pg_input_error_info('2147483648', 'int4') AS e(m, d, h, c)
                          m                          |  d   |  h   |   c
-----------------------------------------------------+------+------+-------
 value "2147483648" is out of range for type integer | NULL | NULL | 22003
(1 row)

> SELECT message, sql_error_code FROM pg_input_error_info('t', 'bool')
 message | sql_error_code
---------+----------------
 NULL    | NULL
(1 row)

> SELECT substr('abc', 2), substring('abc' FROM 2), ('{1,2,3}'::int[])[2], '[1,2]'::vector::real[]
 substr | substring | int4 | float4
--------+-----------+------+--------
 bc     | bc        |    2 | {1,2}
(1 row)

> SELECT int4('7'), float8(1), text(2), date('2024-02-29'), ceiling(1.2::float8)
 int4 | float8 | text |    date    | ceiling
------+--------+------+------------+---------
    7 |      1 | 2    | 2024-02-29 |       2
(1 row)

> SELECT '\101'::"char", '\377'::"char", 'ä'::"char", 'xyz'::"char"
 char | char | char | char
------+------+------+------
 A    | \377 | \303 | x
(1 row)

> SELECT '{ "b" : 1, "a": [1,  2] }'::json -> 'a' AS a, '{ "b" : 1, "a": [1,  2] }'::json #> '{a,1}' AS b, '[ 1, {"x" : 2} ]'::json -> 1 AS c, '{ "b" : 1, "a": [1,  2] }'::json ->> 'a' AS d
    a    | b |     c     |    d
---------+---+-----------+---------
 [1,  2] | 2 | {"x" : 2} | [1,  2]
(1 row)

> SELECT json_build_object('x', 1, 'y', ARRAY[1,2]), json_build_array(1, 'a', NULL), to_json(ARRAY[1,2]), json_strip_nulls('{ "a" : 1, "b" : null }')
   json_build_object    | json_build_array | to_json | json_strip_nulls
------------------------+------------------+---------+------------------
 {"x" : 1, "y" : [1,2]} | [1, "a", null]   | [1,2]   | {"a":1}
(1 row)

> SELECT jsonb_build_array(json '{"x":[1,2]}'), jsonb_build_object('k', json '{"b":1,"a":2}'), to_jsonb(json '{"b":1,"a":2}')
 jsonb_build_array |   jsonb_build_object    |     to_jsonb
-------------------+-------------------------+------------------
 [{"x": [1, 2]}]   | {"k": {"a": 2, "b": 1}} | {"a": 2, "b": 1}
(1 row)

> SELECT pg_typeof('$.a'::jsonpath), '$.a[*] ? (@ > 1)'::jsonpath
 pg_typeof |     jsonpath
-----------+------------------
 jsonpath  | $."a"[*]?(@ > 1)
(1 row)

> SELECT '$.'::jsonpath
ERROR 42601: syntax error at end of jsonpath input

> SELECT array_fill(7, ARRAY[3]), array_fill(NULL::text, ARRAY[2]), trim_array(ARRAY[1,2,3], 2), cardinality(array_shuffle(ARRAY[1,2,3])), cardinality(array_sample(ARRAY[1,2,3], 2))
 array_fill | array_fill  | trim_array | cardinality | cardinality
------------+-------------+------------+-------------+-------------
 {7,7,7}    | {NULL,NULL} | {1}        |           3 |           2
(1 row)

> SELECT trim_array(ARRAY[1,2], -1)
ERROR 2202E: number of elements to trim must be between 0 and 2

> SELECT array_fill(1, ARRAY[2147483647])
ERROR 54000: array size exceeds the maximum allowed (134217727)

> SELECT width_bucket(5, ARRAY[1,3,5,10]), width_bucket(0.5, ARRAY[1,3]), width_bucket(now(), ARRAY[now()])
 width_bucket | width_bucket | width_bucket
--------------+--------------+--------------
            3 |            0 |            1
(1 row)

> SELECT '{NULL}'::real[]::vector
ERROR 22004: array must not contain nulls

> SELECT '{{1}}'::real[]::vector
ERROR 22000: array must be 1-D

> SELECT '{4e38,-4e38}'::double precision[]::vector
ERROR 22000: infinite value not allowed in vector

> SELECT '{1e-46,-1e-46}'::double precision[]::vector
 vector
--------
 [0,-0]
(1 row)

> SELECT '[1e-37]'::vector * '[1e-37]'
ERROR 22003: value out of range: underflow

> SELECT '[1e-7]'::halfvec * '[1e-7]'
ERROR 22003: value out of range: underflow

> SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v
ERROR 22003: value out of range: overflow

> SELECT '{1:1e-46,2:1}/2'::sparsevec
ERROR 22003: "1e-46" is out of range for type sparsevec
LINE 1: SELECT '{1:1e-46,2:1}/2'::sparsevec
               ^

> SELECT '{}/9223372036854775808'::sparsevec
ERROR 54000: sparsevec cannot have more than 1000000000 dimensions
LINE 1: SELECT '{}/9223372036854775808'::sparsevec
               ^

> SELECT vector_cmp('[1,2]', '[1,3]'), vector_lt('[1]', '[2]'), halfvec_cmp('[2]', '[1]'), sparsevec_eq('{1:1}/2', '{1:1}/2')
 vector_cmp | vector_lt | halfvec_cmp | sparsevec_eq
------------+-----------+-------------+--------------
         -1 | t         |           1 | t
(1 row)

> SELECT pg_size_bytes('1.5 kB'), convert_from('\xe4', 'latin1'), convert_to('ä', 'UTF8'), booland_statefunc(true, false), int4send(-1), float8send(1.5)
 pg_size_bytes | convert_from | convert_to | booland_statefunc |  int4send  |     float8send
---------------+--------------+------------+-------------------+------------+--------------------
          1536 | ä            | \xc3a4     | f                 | \xffffffff | \x3ff8000000000000
(1 row)

> SELECT pg_size_bytes('1 AB')
ERROR 22023: invalid size: "1 AB"
DETAIL: Invalid size unit: "AB".
HINT: Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".

> SELECT convert_from('\xff', 'UTF8')
ERROR 22021: invalid byte sequence for encoding "UTF8": 0xff

> SELECT sind(30), cosd(60), atan2d(1, 1), gamma(5), erf(0), normalize('a' || chr(776)) = 'ä'
 sind | cosd | atan2d | gamma | erf | ?column?
------+------+--------+-------+-----+----------
  0.5 |  0.5 |     45 |    24 |   0 | t
(1 row)

> SELECT gamma(-1)
ERROR 22003: value out of range: overflow
