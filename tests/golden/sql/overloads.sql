# Which operator, function and cast is meant, and what is said where there is none: PostgreSQL's answers.

> SELECT 1 + true
ERROR 42883: operator does not exist: integer + boolean
LINE 1: SELECT 1 + true
                 ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT (1) || 2
ERROR 42883: operator does not exist: integer || integer
LINE 1: SELECT (1) || 2
                   ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT '1' + '2'
ERROR 42725: operator is not unique: unknown + unknown
LINE 1: SELECT '1' + '2'
                   ^
HINT: Could not choose a best candidate operator. You might need to add explicit type casts.

> SELECT DATE '2024-01-31' + 1 AS a, DATE '2024-01-31' - '2024-01-01' AS b, TIMESTAMP '2024-01-31' + '1 day' AS c
     a      | b  |          c
------------+----+---------------------
 2024-02-01 | 30 | 2024-02-01 00:00:00
(1 row)

> SELECT abs('x', 'y')
ERROR 42883: function abs(unknown, unknown) does not exist
LINE 1: SELECT abs('x', 'y')
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT lower(1)
ERROR 42883: function lower(integer) does not exist
LINE 1: SELECT lower(1)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT round(1.5::float8, 1)
ERROR 42883: function round(double precision, integer) does not exist
LINE 1: SELECT round(1.5::float8, 1)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT nofunction(1, 'x', true)
ERROR 42883: function nofunction(integer, unknown, boolean) does not exist
LINE 1: SELECT nofunction(1, 'x', true)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT 'x' ~ 1
ERROR 42883: operator does not exist: unknown ~ integer
LINE 1: SELECT 'x' ~ 1
                   ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT ARRAY[1] || '{2}' AS a, 1 || ARRAY[2] AS b, 'a' || 1 AS c, '\x01'::bytea || '\x02'::bytea AS d
   a   |   b   | c  |   d
-------+-------+----+--------
 {1,2} | {1,2} | a1 | \x0102
(1 row)

> SELECT CASE WHEN true THEN 1 ELSE 'a'::text END
ERROR 42804: CASE types text and integer cannot be matched
LINE 1: SELECT CASE WHEN true THEN 1 ELSE 'a'::text END
                                   ^

> SELECT ARRAY[1, true]
ERROR 42804: ARRAY types integer and boolean cannot be matched
LINE 1: SELECT ARRAY[1, true]
                        ^

> SELECT nullif(1, 'a'::text)
ERROR 42883: operator does not exist: integer = text
LINE 1: SELECT nullif(1, 'a'::text)
               ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT CASE WHEN true THEN '1' ELSE 2 END + 1 AS a, coalesce(NULL, '3', 4) + 1 AS b, pg_typeof(greatest(1, 2.5))
 a | b | pg_typeof
---+---+-----------
 2 | 4 | numeric
(1 row)

> SELECT int8('5') + 1 AS a, float8(2) AS b, text(7) || '!' AS c
 a | b | c
---+---+----
 6 | 2 | 7!
(1 row)

> SELECT oprname, oid, oprleft::regtype, oprright::regtype, oprresult::regtype, oprcom, oprnegate, oprcanhash FROM pg_operator WHERE oprname IN ('=', '->>') AND oprleft IN (23, 3802) ORDER BY oid
 oprname | oid  | oprleft | oprright | oprresult | oprcom | oprnegate | oprcanhash
---------+------+---------+----------+-----------+--------+-----------+------------
 =       |   15 | integer | bigint   | boolean   |    416 |        36 | t
 =       |   96 | integer | integer  | boolean   |     96 |       518 | t
 =       |  533 | integer | smallint | boolean   |    532 |       539 | t
 =       | 3240 | jsonb   | jsonb    | boolean   |   3240 |      3241 | t
 ->>     | 3477 | jsonb   | text     | text      |      0 |         0 | f
 ->>     | 3481 | jsonb   | integer  | text      |      0 |         0 | f
(6 rows)

> SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod, castfunc FROM pg_cast WHERE castsource = 23 AND casttarget IN (16, 20, 21, 1700, 701, 26) ORDER BY casttarget
 castsource |    casttarget    | castcontext | castmethod | castfunc
------------+------------------+-------------+------------+----------
 integer    | bigint           | i           | f          |      481
 integer    | boolean          | e           | f          |     2557
 integer    | double precision | i           | f          |      316
 integer    | numeric          | i           | f          |     1740
 integer    | oid              | i           | b          |        0
 integer    | smallint         | a           | f          |      314
(6 rows)

> SELECT oid, pg_get_function_arguments(oid) AS arguments, pronargdefaults FROM pg_proc WHERE proname IN ('make_interval', 'jsonb_set', 'concat_ws') ORDER BY oid
 oid  |                                                                                       arguments                                                                                        | pronargdefaults
------+----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------+-----------------
 3059 | text, VARIADIC "any"                                                                                                                                                                   |               0
 3305 | jsonb_in jsonb, path text[], replacement jsonb, create_if_missing boolean DEFAULT true                                                                                                 |               1
 3464 | years integer DEFAULT 0, months integer DEFAULT 0, weeks integer DEFAULT 0, days integer DEFAULT 0, hours integer DEFAULT 0, mins integer DEFAULT 0, secs double precision DEFAULT 0.0 |               7
(3 rows)

> SELECT typname, typcategory, typispreferred FROM pg_type WHERE oid IN (16, 25, 701, 1560, 1562, 1186) ORDER BY oid
 typname  | typcategory | typispreferred
----------+-------------+----------------
 bool     | B           | t
 text     | S           | t
 float8   | N           | t
 interval | T           | t
 bit      | V           | f
 varbit   | V           | t
(6 rows)

> SELECT count(*) FROM pg_proc WHERE proname ~ '^(bits_|bytes_|sparsevec_l2_norm|halfvec_subvector)'
 count
-------
     0
(1 row)
