# Ranges: literals, constructors, operators, functions, columns and keys.

> select int4range(1,10)
 int4range
-----------
 [1,10)
(1 row)

> select int4range(1,10,'[]'), int4range(null,3), int4range(3,null,'()'), int4range(null,null)
 int4range | int4range | int4range | int4range
-----------+-----------+-----------+-----------
 [1,11)    | (,3)      | [4,)      | (,)
(1 row)

> select int4range(1,10,null)
ERROR 22000: range constructor flags argument must not be null

> select int4range(1,10,'x')
ERROR 42601: invalid range bound flags
HINT: Valid values are "[]", "[)", "(]", and "()".

> select int4range(10,1)
ERROR 22000: range lower bound must be less than or equal to range upper bound

> select int4range('[1,2]')
 int4range
-----------
 [1,3)
(1 row)

> select int4range(1)
ERROR 42883: function int4range(integer) does not exist
LINE 1: select int4range(1)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select numrange(1, 2.50), numrange(1.10, null), numrange(null, 3::int)
 numrange | numrange | numrange
----------+----------+----------
 [1,2.50) | [1.10,)  | (,3)
(1 row)

> select int8range(1, 20000000000)
    int8range
-----------------
 [1,20000000000)
(1 row)

> select int4range(1, 20000000000)
ERROR 42883: function int4range(integer, bigint) does not exist
LINE 1: select int4range(1, 20000000000)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select int8range(1::smallint, 2)
 int8range
-----------
 [1,2)
(1 row)

> select tsrange('2020-01-01', '2020-01-05'), tsrange('2020-01-01'::date, '2020-01-05'::timestamp)
                    tsrange                    |                    tsrange
-----------------------------------------------+-----------------------------------------------
 ["2020-01-01 00:00:00","2020-01-05 00:00:00") | ["2020-01-01 00:00:00","2020-01-05 00:00:00")
(1 row)

> select tstzrange('2020-01-01', '2020-01-05'), tstzrange('2020-01-01'::timestamp, null)
                      tstzrange                      |          tstzrange
-----------------------------------------------------+-----------------------------
 ["2020-01-01 00:00:00+00","2020-01-05 00:00:00+00") | ["2020-01-01 00:00:00+00",)
(1 row)

> select int4range(1,5) @> 3, int4range(1,5) @> '3', 3 <@ int4range(1,5), int4range(1,5) @> '[2,3)'
ERROR 22P02: malformed range literal: "3"
LINE 1: select int4range(1,5) @> 3, int4range(1,5) @> '3', 3 <@ int4range(1,5), int4range(1,5) @> '[2,3)'
                                                      ^
DETAIL: Missing left parenthesis or bracket.

> select int4range(1,5) @> 3::bigint
ERROR 42883: operator does not exist: int4range @> bigint
LINE 1: select int4range(1,5) @> 3::bigint
                              ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> select int8range(1,5) @> 3
ERROR 42883: operator does not exist: int8range @> integer
LINE 1: select int8range(1,5) @> 3
                              ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> select numrange(1,5) @> 3
ERROR 42883: operator does not exist: numrange @> integer
LINE 1: select numrange(1,5) @> 3
                             ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> select numrange(1,5) @> 3.0
 ?column?
----------
 t
(1 row)

> select int4range(1,5) && '[2,3)', '[2,3)' && int4range(1,5)
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> select int4range(1,5) && int8range(1,5)
ERROR 42883: operator does not exist: int4range && int8range
LINE 1: select int4range(1,5) && int8range(1,5)
                              ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> select int4range(1,5) = int8range(1,5)
ERROR 42883: operator does not exist: int4range = int8range
LINE 1: select int4range(1,5) = int8range(1,5)
                              ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> select int4range(1,5) = '[1,4]'
 ?column?
----------
 t
(1 row)

> select int4range(1,5) + int4range(7,8)
ERROR 22000: result of range union would not be contiguous

> select int4range(1,9) - int4range(3,4)
ERROR 22000: result of range difference would not be contiguous

> select '[1,2'::int4range
ERROR 22P02: malformed range literal: "[1,2"
LINE 1: select '[1,2'::int4range
               ^
DETAIL: Unexpected end of input.

> select '1,2)'::int4range
ERROR 22P02: malformed range literal: "1,2)"
LINE 1: select '1,2)'::int4range
               ^
DETAIL: Missing left parenthesis or bracket.

> select '[a,2)'::int4range
ERROR 22P02: invalid input syntax for type integer: "a"
LINE 1: select '[a,2)'::int4range
               ^

> select '[1,2,3)'::int4range
ERROR 22P02: malformed range literal: "[1,2,3)"
LINE 1: select '[1,2,3)'::int4range
               ^
DETAIL: Too many commas.

> select '[1,2) x'::int4range
ERROR 22P02: malformed range literal: "[1,2) x"
LINE 1: select '[1,2) x'::int4range
               ^
DETAIL: Junk after right parenthesis or bracket.

> select 'empty x'::int4range
ERROR 22P02: malformed range literal: "empty x"
LINE 1: select 'empty x'::int4range
               ^
DETAIL: Junk after "empty" key word.

> select '["1","2"]'::int4range, '["1 2","3"]'::text
 int4range |    text
-----------+-------------
 [1,3)     | ["1 2","3"]
(1 row)

> select '[2147483647,2147483647]'::int4range
ERROR 22003: integer out of range
LINE 1: select '[2147483647,2147483647]'::int4range
               ^

> select '[1,2147483647]'::int4range
ERROR 22003: integer out of range
LINE 1: select '[1,2147483647]'::int4range
               ^

> select '[9223372036854775807,9223372036854775807]'::int8range
ERROR 22003: bigint out of range
LINE 1: select '[9223372036854775807,9223372036854775807]'::int8range
               ^

> select '["2020-01-01 10:00:00","2020-01-02"]'::tsrange, '(,"2020-01-02 10:00:00+00"]'::tstzrange
                    tsrange                    |          tstzrange
-----------------------------------------------+-----------------------------
 ["2020-01-01 10:00:00","2020-01-02 00:00:00"] | (,"2020-01-02 10:00:00+00"]
(1 row)

> select 'x'::int4range::text
ERROR 22P02: malformed range literal: "x"
LINE 1: select 'x'::int4range::text
               ^
DETAIL: Missing left parenthesis or bracket.

# differs: PostgreSQL points at the cast
> select 5::int4range
ERROR 42846: cannot cast type integer to int4range

# differs: PostgreSQL points at the cast
> select int4range(1,2)::int8range
ERROR 42846: cannot cast type int4range to int8range

> select int4range(1,2)::text::int8range
 int4range
-----------
 [1,2)
(1 row)

> select format('%s', int4range(1,2)), concat(int4range(1,2), 'x'), int4range(1,2) || 'x'
 format | concat | ?column?
--------+--------+----------
 [1,2)  | [1,2)x | [1,2)x
(1 row)

> select to_jsonb(int4range(1,2)), json_build_object('a', int4range(1,2)), row_to_json(r) from (select int4range(1,2) as x) r
 to_jsonb | json_build_object |  row_to_json
----------+-------------------+---------------
 "[1,2)"  | {"a" : "[1,2)"}   | {"x":"[1,2)"}
(1 row)

> select lower('[1,2)'), upper('abc')
 lower | upper
-------+-------
 [1,2) | ABC
(1 row)

> select lower('[1,2)'::int4range) + 1, upper(numrange(1,2.5)) * 2, upper(daterange('2020-01-01','2020-01-05')) - lower(daterange('2020-01-01','2020-01-05'))
 ?column? | ?column? | ?column?
----------+----------+----------
        2 |      5.0 |        4
(1 row)

> select range_merge(int4range(1,2), int8range(5,6))
ERROR 42883: function range_merge(int4range, int8range) does not exist
LINE 1: select range_merge(int4range(1,2), int8range(5,6))
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select range_intersect_agg(int4range(x,10)) from generate_series(1,5) x
 range_intersect_agg
---------------------
 [5,10)
(1 row)

> create table rt (id int primary key, r int4range not null default '[1,2)', n numrange check (not isempty(n)), m tstzmultirange, a int4range[])
CREATE TABLE

> insert into rt values (1, '[1,5)', '[1.0,2.00)', '{[2020-01-01,2020-01-02)}', '{"[1,2)","[3,4)"}'), (2, default, null, null, null) returning *
 id |   r   |     n      |                           m                           |         a
----+-------+------------+-------------------------------------------------------+-------------------
  1 | [1,5) | [1.0,2.00) | {["2020-01-01 00:00:00+00","2020-01-02 00:00:00+00")} | {"[1,2)","[3,4)"}
  2 | [1,2) | NULL       | NULL                                                  | NULL
(2 rows)
INSERT 0 2

> insert into rt(id, n) values (3, 'empty')
ERROR 23514: new row for relation "rt" violates check constraint "rt_n_check"
DETAIL: Failing row contains (3, [1,2), empty, null, null).

> insert into rt(id, r) values (4, null)
ERROR 23502: null value in column "r" of relation "rt" violates not-null constraint
DETAIL: Failing row contains (4, null, null, null, null).

> insert into rt(id, r, n) values (5, int4range(3,7), numrange(1,2)) on conflict (id) do update set r = excluded.r returning r, n
   r   |   n
-------+-------
 [3,7) | [1,2)
(1 row)
INSERT 0 1

> insert into rt(id, r, n) values (5, int4range(3,7), numrange(1,2)) on conflict (id) do update set r = excluded.r * '[4,5]' returning r, n
   r   |   n
-------+-------
 [4,6) | [1,2)
(1 row)
INSERT 0 1

> update rt set r = r + '[5,9)' where id = 1 returning *
 id |   r   |     n      |                           m                           |         a
----+-------+------------+-------------------------------------------------------+-------------------
  1 | [1,9) | [1.0,2.00) | {["2020-01-01 00:00:00+00","2020-01-02 00:00:00+00")} | {"[1,2)","[3,4)"}
(1 row)
UPDATE 1

> select * from rt where r @> 6 order by id
 id |   r   |     n      |                           m                           |         a
----+-------+------------+-------------------------------------------------------+-------------------
  1 | [1,9) | [1.0,2.00) | {["2020-01-01 00:00:00+00","2020-01-02 00:00:00+00")} | {"[1,2)","[3,4)"}
(1 row)

> select * from rt where r && '[8,20)' order by id
 id |   r   |     n      |                           m                           |         a
----+-------+------------+-------------------------------------------------------+-------------------
  1 | [1,9) | [1.0,2.00) | {["2020-01-01 00:00:00+00","2020-01-02 00:00:00+00")} | {"[1,2)","[3,4)"}
(1 row)

> select id from rt where n = '[1,2)' order by id
 id
----
  1
  5
(2 rows)

# Equal ranges show the digits of one of them.
> select n, count(*) from rt group by n order by n
     n      | count
------------+-------
 [1.0,2.00) |     2
 NULL       |     1
(2 rows)

# Equal ranges show the digits of one of them.
> select distinct n from rt order by n
     n
------------
 [1.0,2.00)
 NULL
(2 rows)

> select id from rt order by r desc, id
 id
----
  5
  1
  2
(3 rows)

> create index on rt (r)
CREATE INDEX

> select id from rt where r = '[4,6)'
 id
----
  5
(1 row)

> create unique index on rt (n)
ERROR 23505: could not create unique index "rt_n_idx"
DETAIL: Key (n)=([1,2)) is duplicated.

> insert into rt(id, n) values (9, '[1.00,2.0)')
INSERT 0 1

> delete from rt where r <@ '[4,100)' returning id
 id
----
  5
(1 row)
DELETE 1

> create table rk (r int4range primary key, s text)
CREATE TABLE

> insert into rk values ('[1,5)', 'a'), ('(,)', 'b'), ('empty', 'c'), ('[1,3)', 'd')
INSERT 0 4

> insert into rk values ('[1,4]', 'x')
ERROR 23505: duplicate key value violates unique constraint "rk_pkey"
DETAIL: Key (r)=([1,5)) already exists.

> select * from rk order by r
   r   | s
-------+---
 empty | c
 (,)   | b
 [1,3) | d
 [1,5) | a
(4 rows)

> select * from rk where r = '[1,4]'
   r   | s
-------+---
 [1,5) | a
(1 row)

> select * from rk where r > '[1,3)' order by r
   r   | s
-------+---
 [1,5) | a
(1 row)

> update rk set s = 'z' where r = 'empty' returning *
   r   | s
-------+---
 empty | z
(1 row)
UPDATE 1

> select a[1], a from rt where id = 1
   a   |         a
-------+-------------------
 [1,2) | {"[1,2)","[3,4)"}
(1 row)

> select array_agg(r order by r) from rk
           array_agg
-------------------------------
 {empty,"(,)","[1,3)","[1,5)"}
(1 row)

> select int4range(1,3) in (select r from rk), '[1,3)' in (select r from rk)
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> with a as (select r from rk) select * from a where not isempty(r) order by r
   r
-------
 (,)
 [1,3)
 [1,5)
(3 rows)

> select r from rk union all select int4range(5,6) order by 1
   r
-------
 empty
 (,)
 [1,3)
 [1,5)
 [5,6)
(5 rows)

> select row(int4range(1,2), 3) = row('[1,1]'::int4range, 3)
 ?column?
----------
 t
(1 row)

> select (select r from rk where s = 'a') * '[2,9)'
 ?column?
----------
 [2,5)
(1 row)

> select oid, typname, typtype, typcategory, typarray, typlen, typalign, typstorage from pg_type where typtype in ('r','m') order by oid
 oid  |    typname     | typtype | typcategory | typarray | typlen | typalign | typstorage
------+----------------+---------+-------------+----------+--------+----------+------------
 3904 | int4range      | r       | R           |     3905 |     -1 | i        | x
 3906 | numrange       | r       | R           |     3907 |     -1 | i        | x
 3908 | tsrange        | r       | R           |     3909 |     -1 | d        | x
 3910 | tstzrange      | r       | R           |     3911 |     -1 | d        | x
 3912 | daterange      | r       | R           |     3913 |     -1 | i        | x
 3926 | int8range      | r       | R           |     3927 |     -1 | d        | x
 4451 | int4multirange | m       | R           |     6150 |     -1 | i        | x
 4532 | nummultirange  | m       | R           |     6151 |     -1 | i        | x
 4533 | tsmultirange   | m       | R           |     6152 |     -1 | d        | x
 4534 | tstzmultirange | m       | R           |     6153 |     -1 | d        | x
 4535 | datemultirange | m       | R           |     6155 |     -1 | i        | x
 4536 | int8multirange | m       | R           |     6157 |     -1 | d        | x
(12 rows)

# differs: the types are names here, and so in the order of these
> select rngtypid::regtype, rngsubtype::regtype, rngmultitypid::regtype from pg_range order by 1
 rngtypid  |         rngsubtype          | rngmultitypid
-----------+-----------------------------+----------------
 daterange | date                        | datemultirange
 int4range | integer                     | int4multirange
 int8range | bigint                      | int8multirange
 numrange  | numeric                     | nummultirange
 tsrange   | timestamp without time zone | tsmultirange
 tstzrange | timestamp with time zone    | tstzmultirange
(6 rows)

> select null::int4range, null::int4range @> 3, int4range(1,2) @> null::int
 int4range | ?column? | ?column?
-----------+----------+----------
 NULL      | NULL     | NULL
(1 row)

> select int4range(1,2) <> '[1,2)', not int4range(1,2) < '[1,3)'
 ?column? | ?column?
----------+----------
 f        | f
(1 row)

> select range_eq(int4range(1,2), '[1,2)'), range_cmp(int4range(1,2), int4range(1,3)), elem_contained_by_range(1, int4range(1,3)), range_before(int4range(1,2), '[3,4)')
 range_eq | range_cmp | elem_contained_by_range | range_before
----------+-----------+-------------------------+--------------
 t        |        -1 | t                       | t
(1 row)

> select int4range(1,3) OPERATOR(pg_catalog.@>) 2, int4range(1,3) OPERATOR(pg_catalog.-|-) int4range(3,4)
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> set timezone = 'Europe/Berlin'
SET

> select '[2020-01-01,2020-07-01)'::tstzrange, tstzrange('2020-01-01'::timestamp, '2020-07-01'::date), tstzrange('2020-01-01','2020-02-01') @> '2020-01-15'::timestamptz
                      tstzrange                      |                      tstzrange                      | ?column?
-----------------------------------------------------+-----------------------------------------------------+----------
 ["2020-01-01 00:00:00+01","2020-07-01 00:00:00+02") | ["2020-01-01 00:00:00+01","2020-07-01 00:00:00+02") | t
(1 row)

> set datestyle = 'German'
SET

> select '[2020-01-01,2020-07-01)'::tstzrange, '[2020-01-01,2020-07-01)'::daterange
                       tstzrange                        |        daterange
--------------------------------------------------------+-------------------------
 ["01.01.2020 00:00:00 CET","01.07.2020 00:00:00 CEST") | [01.01.2020,01.07.2020)
(1 row)

> reset datestyle
RESET

> reset timezone
RESET

> select array['[1.0,2)'::numrange] = array['[1,2)'::numrange], '[1,2)'::numrange = any(array['[1.0,2)'::numrange]), '[1.0,2)'::numrange is distinct from '[1,2)'
 ?column? | ?column? | ?column?
----------+----------+----------
 t        | t        | f
(1 row)

> select x from (values ('[1.0,2)'::numrange), ('[3,4)')) a(x) join (values ('[1,2)'::numrange)) b(y) on x = y
    x
---------
 [1.0,2)
(1 row)

> select x from (values ('[1.0,2)'::numrange), ('[3,4)')) a(x) except select '[1,2)'::numrange
   x
-------
 [3,4)
(1 row)

> select x, rank() over (order by x), count(*) over (partition by isempty(x)) from (values ('[3,4)'::int4range), ('empty'), ('[1,2)')) t(x) order by x
   x   | rank | count
-------+------+-------
 empty |    1 |     1
 [1,2) |    2 |     2
 [3,4) |    3 |     2
(3 rows)

> select max(r) from rk
ERROR 42883: function max(int4range) does not exist
LINE 1: select max(r) from rk
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

# differs: the plan is one of this server
> explain select * from rk where r = '[1,5)'
             QUERY PLAN
------------------------------------
 Primary Key Lookup on rk (keys: 1)
   Filter: on each entry
(2 rows)

> create table rg (a int, b int, r int4range generated always as (int4range(a, b)) stored, check (r <> 'empty'))
CREATE TABLE

> insert into rg(a, b) values (1, 5), (3, null) returning r
   r
-------
 [1,5)
 [3,)
(2 rows)
INSERT 0 2

> insert into rg(a, b) values (3, 3)
ERROR 23514: new row for relation "rg" violates check constraint "rg_r_check"
DETAIL: Failing row contains (3, 3, empty).

> create index on rg (lower(r))
CREATE INDEX

> select a from rg where lower(r) = 3
 a
---
 3
(1 row)

> alter table rg add column n numrange default '[1.50,2]'
ALTER TABLE

> select n from rg limit 1
    n
----------
 [1.50,2]
(1 row)

> alter table rg alter column n type text
ALTER TABLE

> select n from rg limit 1
    n
----------
 [1.50,2]
(1 row)

> create table rn (n numrange primary key)
CREATE TABLE

> insert into rn values ('[1.50,2.0)') returning n
     n
------------
 [1.50,2.0)
(1 row)
INSERT 0 1

> insert into rn values ('[1.5,2)')
ERROR 23505: duplicate key value violates unique constraint "rn_pkey"
DETAIL: Key (n)=([1.5,2)) already exists.

> select * from rn
     n
------------
 [1.50,2.0)
(1 row)

# differs: GiST is not offered
> create index on rt using gist (r)
ERROR 0A000: access method "gist" is not offered
HINT: An ordered index serves one fact: CREATE INDEX ON memory ((metadata->>'key')).
