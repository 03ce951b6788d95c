# Multiranges: literals, constructors, operators with ranges and among themselves, and what is gathered into them.

> select int4multirange()
 int4multirange
----------------
 {}
(1 row)

> select int4multirange(int4range(1,2))
 int4multirange
----------------
 {[1,2)}
(1 row)

> select int4multirange('[1,2)', '[4,5)', int4range(2,4))
 int4multirange
----------------
 {[1,5)}
(1 row)

> select int4multirange('{[1,2)}')
 int4multirange
----------------
 {[1,2)}
(1 row)

> select int4multirange(variadic array[int4range(1,2), int4range(5,6)])
 int4multirange
----------------
 {[1,2),[5,6)}
(1 row)

> select int4multirange(null::int4range)
 int4multirange
----------------
 NULL
(1 row)

> select int4multirange(int4range(1,2), null)
ERROR 22004: multirange values cannot contain null members

> select '{[1,2)'::int4multirange
ERROR 22P02: malformed multirange literal: "{[1,2)"
LINE 1: select '{[1,2)'::int4multirange
               ^
DETAIL: Unexpected end of input.

> select '{[1,2),}'::int4multirange
ERROR 22P02: malformed multirange literal: "{[1,2),}"
LINE 1: select '{[1,2),}'::int4multirange
               ^
DETAIL: Expected range start.

> select '{[1,2) [3,4)}'::int4multirange
ERROR 22P02: malformed multirange literal: "{[1,2) [3,4)}"
LINE 1: select '{[1,2) [3,4)}'::int4multirange
               ^
DETAIL: Expected comma or end of multirange.

> select '{,[1,2)}'::int4multirange
ERROR 22P02: malformed multirange literal: "{,[1,2)}"
LINE 1: select '{,[1,2)}'::int4multirange
               ^
DETAIL: Expected range start.

> select '{[1,2)} x'::int4multirange
ERROR 22P02: malformed multirange literal: "{[1,2)} x"
LINE 1: select '{[1,2)} x'::int4multirange
               ^
DETAIL: Junk after closing right brace.

> select '[1,2)'::int4multirange
ERROR 22P02: malformed multirange literal: "[1,2)"
LINE 1: select '[1,2)'::int4multirange
               ^
DETAIL: Missing left brace.

> select '{}'::int4multirange, '{empty}'::int4multirange, '{empty, [1,2)}'::int4multirange
 int4multirange | int4multirange | int4multirange
----------------+----------------+----------------
 {}             | {}             | {[1,2)}
(1 row)

# differs: PostgreSQL points at the cast
> select int4range(1,2)::int4multirange, int4range(1,2)::bytea
ERROR 42846: cannot cast type int4range to bytea

# differs: PostgreSQL points at the cast
> select int4range(1,2)::int8multirange
ERROR 42846: cannot cast type int4range to int8multirange

# differs: PostgreSQL points at the cast
> select int4multirange(int4range(1,2))::int4range
ERROR 42846: cannot cast type int4multirange to int4range

> select pg_typeof(int4range(1,2)), pg_typeof(lower(int4range(1,2))), pg_typeof(lower(numrange(1,2))), pg_typeof(range_merge(int4range(1,2), int4range(5,6))), pg_typeof(array[int4range(1,2)]), pg_typeof(int4multirange()), pg_typeof(unnest(int4multirange(int4range(1,2))))
 pg_typeof | pg_typeof | pg_typeof | pg_typeof |  pg_typeof  |   pg_typeof    | pg_typeof
-----------+-----------+-----------+-----------+-------------+----------------+-----------
 int4range | integer   | numeric   | int4range | int4range[] | int4multirange | int4range
(1 row)

> select range_agg(1)
ERROR 42883: function range_agg(integer) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select range_agg(int4range(x,x+1)) from generate_series(1,5) x
 range_agg
-----------
 {[1,6)}
(1 row)

> select range_agg(int4range(x,x+1) order by x desc) filter (where x > 2) from generate_series(1,5) x
 range_agg
-----------
 {[3,6)}
(1 row)

> select x % 2, range_agg(int4range(x,x+1)) from generate_series(1,5) x group by 1 order by 1
 ?column? |      range_agg
----------+---------------------
        0 | {[2,3),[4,5)}
        1 | {[1,2),[3,4),[5,6)}
(2 rows)

> select x, range_agg(int4range(x,x+1)) over (order by x) from generate_series(1,5) x order by 1
 x | range_agg
---+-----------
 1 | {[1,2)}
 2 | {[1,3)}
 3 | {[1,4)}
 4 | {[1,5)}
 5 | {[1,6)}
(5 rows)

> select range_agg(distinct int4range(1,2)) from generate_series(1,5) x
 range_agg
-----------
 {[1,2)}
(1 row)

> create table rm (r nummultirange unique)
CREATE TABLE

> insert into rm values ('{[1,2)}'), (null), (null), ('{}')
INSERT 0 4

> insert into rm values ('{[1.0,2.0)}')
ERROR 23505: duplicate key value violates unique constraint "rm_r_key"
DETAIL: Key (r)=({[1.0,2.0)}) already exists.

> select * from rm order by 1
    r
---------
 {}
 {[1,2)}
 NULL
 NULL
(4 rows)

> select format_type(3904, -1), format_type(6157, null), 'int4range'::regtype, 'int4multirange[]'::regtype
 format_type |   format_type    |  regtype  |     regtype
-------------+------------------+-----------+------------------
 int4range   | int8multirange[] | int4range | int4multirange[]
(1 row)

# differs: the types are those that PostgreSQL begins with
> create type fr as range (subtype = float8)
ERROR 0A000: types of your own that are no enumerations are not offered
HINT: CREATE TYPE ... AS ENUM makes one; use jsonb for composite values.

> select '{[1,3),[5,9)}'::int4multirange @> x, '{[1,3),[5,9)}'::int4multirange && x, '{[1,3),[5,9)}'::int4multirange -|- x, x << '{[1,3),[5,9)}'::int4multirange from unnest('{empty,"[1,2)","[2,6)","[9,10)","(,1)"}'::int4range[]) x
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 t        | f        | f        | f
 t        | t        | f        | f
 f        | t        | f        | f
 f        | f        | t        | f
 f        | f        | t        | t
(5 rows)

> select '{[1,3),[5,9)}'::int4multirange + '{[3,4)}', '{[1,3),[5,9)}'::int4multirange * '{[2,6)}', '{[1,3),[5,9)}'::int4multirange - '{[2,6),[7,8)}'
   ?column?    |   ?column?    |      ?column?
---------------+---------------+---------------------
 {[1,4),[5,9)} | {[2,3),[5,6)} | {[1,2),[6,7),[8,9)}
(1 row)

> select '{[1,3),[5,9)}'::int4multirange @> 2, 4 <@ '{[1,3),[5,9)}'::int4multirange, '{}'::int4multirange <@ int4range(1, 2)
 ?column? | ?column? | ?column?
----------+----------+----------
 t        | f        | t
(1 row)

> select lower(m), upper(m), isempty(m), lower_inc(m), upper_inc(m), lower_inf(m), upper_inf(m), range_merge(m) from (values ('{[1,3),[5,)}'::int4multirange), ('{}')) t(m)
 lower | upper | isempty | lower_inc | upper_inc | lower_inf | upper_inf | range_merge
-------+-------+---------+-----------+-----------+-----------+-----------+-------------
     1 |  NULL | f       | t         | f         | f         | t         | [1,)
  NULL |  NULL | t       | f         | f         | f         | f         | empty
(2 rows)

> select m, x from (values (1, '{[1,3),[5,9)}'::int4multirange), (2, '{}')) t(id, m), unnest(m) x
       m       |   x
---------------+-------
 {[1,3),[5,9)} | [1,3)
 {[1,3),[5,9)} | [5,9)
(2 rows)

> select unnest('{[1,3),[5,9)}'::int4multirange)
 unnest
--------
 [1,3)
 [5,9)
(2 rows)

> select m from (values ('{[1,3)}'::int4multirange), ('{}'), ('{[1,2),[5,9)}'), ('{[1,3),[5,9)}')) t(m) order by m desc
       m
---------------
 {[1,3),[5,9)}
 {[1,3)}
 {[1,2),[5,9)}
 {}
(4 rows)

> create table mm (id int primary key, m datemultirange not null, check (not isempty(m)))
CREATE TABLE

> insert into mm values (1, '{[2020-01-01,2020-01-05]}'), (2, '{[2020-02-01,2020-02-05),[2020-03-01,)}')
INSERT 0 2

> insert into mm values (3, '{}')
ERROR 23514: new row for relation "mm" violates check constraint "mm_m_check"
DETAIL: Failing row contains (3, {}).

> update mm set m = m - '{[2020-01-02,2020-01-03)}' where id = 1 returning m
                         m
---------------------------------------------------
 {[2020-01-01,2020-01-02),[2020-01-03,2020-01-06)}
(1 row)
UPDATE 1

> select id from mm where m @> '2020-03-05'::date
 id
----
  2
(1 row)

> select range_agg(m) from mm
                                        range_agg
-----------------------------------------------------------------------------------------
 {[2020-01-01,2020-01-02),[2020-01-03,2020-01-06),[2020-02-01,2020-02-05),[2020-03-01,)}
(1 row)
