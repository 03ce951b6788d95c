# pgvector's halves and sparse vectors.

> select '{1:1.5,3:2}/5'::sparsevec
   sparsevec
---------------
 {1:1.5,3:2}/5
(1 row)

> select '{3:2,1:1.5,2:0}/5'::sparsevec
   sparsevec
---------------
 {1:1.5,3:2}/5
(1 row)

> select '{}/5'::sparsevec
 sparsevec
-----------
 {}/5
(1 row)

> select '{0:1}/5'::sparsevec
ERROR 22000: sparsevec index out of bounds
LINE 1: select '{0:1}/5'::sparsevec
               ^

> select '{6:1}/5'::sparsevec
ERROR 22000: sparsevec index out of bounds
LINE 1: select '{6:1}/5'::sparsevec
               ^

> select '{1:1,1:2}/5'::sparsevec
ERROR 22000: sparsevec indices must not contain duplicates
LINE 1: select '{1:1,1:2}/5'::sparsevec
               ^

> select '{1:1}/0'::sparsevec
ERROR 22000: sparsevec must have at least 1 dimension
LINE 1: select '{1:1}/0'::sparsevec
               ^

> select '{1:1}/1000000001'::sparsevec
ERROR 54000: sparsevec cannot have more than 1000000000 dimensions
LINE 1: select '{1:1}/1000000001'::sparsevec
               ^

> select '{1:nan}/2'::sparsevec
ERROR 22000: NaN not allowed in sparsevec
LINE 1: select '{1:nan}/2'::sparsevec
               ^

> select '{1:inf}/2'::sparsevec
ERROR 22000: infinite value not allowed in sparsevec
LINE 1: select '{1:inf}/2'::sparsevec
               ^

> select '{1:1e40}/2'::sparsevec
ERROR 22003: "1e40" is out of range for type sparsevec
LINE 1: select '{1:1e40}/2'::sparsevec
               ^

> select '{1:1'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:1"
LINE 1: select '{1:1'::sparsevec
               ^

> select '1:1}/2'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "1:1}/2"
LINE 1: select '1:1}/2'::sparsevec
               ^
DETAIL: Vector contents must start with "{".

> select '{1:1}'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:1}"
LINE 1: select '{1:1}'::sparsevec
               ^
DETAIL: Unexpected end of input.

> select '{1:1}/'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:1}/"
LINE 1: select '{1:1}/'::sparsevec
               ^

> select '{1:1}/2x'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:1}/2x"
LINE 1: select '{1:1}/2x'::sparsevec
               ^
DETAIL: Junk after closing.

> select '{1}/2'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1}/2"
LINE 1: select '{1}/2'::sparsevec
               ^

> select '{1:}/2'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:}/2"
LINE 1: select '{1:}/2'::sparsevec
               ^

> select ' { 1 : 1 , 2 : 3 } / 5 '::sparsevec
  sparsevec
-------------
 {1:1,2:3}/5
(1 row)

> select '{1:1,}/2'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{1:1,}/2"
LINE 1: select '{1:1,}/2'::sparsevec
               ^

> select '{a:1}/2'::sparsevec
ERROR 22P02: invalid input syntax for type sparsevec: "{a:1}/2"
LINE 1: select '{a:1}/2'::sparsevec
               ^

> select '{-1:1}/2'::sparsevec
ERROR 22000: sparsevec index out of bounds
LINE 1: select '{-1:1}/2'::sparsevec
               ^

> select '{1:1}/2'::sparsevec(3)
ERROR 22000: expected 3 dimensions, not 2
LINE 1: select '{1:1}/2'::sparsevec(3)
               ^

> select '{1:1}/2'::sparsevec(2)
 sparsevec
-----------
 {1:1}/2
(1 row)

> select 1::int where '{1:1}/2'::sparsevec(0) is null
ERROR 22023: dimensions for type sparsevec must be at least 1
LINE 1: select 1::int where '{1:1}/2'::sparsevec(0) is null
                                       ^

> select 1::int where '{1:1}/2'::sparsevec(1000000001) is null
ERROR 22023: dimensions for type sparsevec cannot exceed 1000000000
LINE 1: select 1::int where '{1:1}/2'::sparsevec(1000000001) is null
                                       ^

> select '[1,0,2]'::vector::sparsevec, '{1:1,3:2}/3'::sparsevec::vector, array[1,0,2]::sparsevec, '[1,0,2]'::halfvec::sparsevec, '{1:1,3:2}/3'::sparsevec::halfvec
  sparsevec  | vector  |    array    |  sparsevec  | halfvec
-------------+---------+-------------+-------------+---------
 {1:1,3:2}/3 | [1,0,2] | {1:1,3:2}/3 | {1:1,3:2}/3 | [1,0,2]
(1 row)

> select '{1:1}/20000'::sparsevec::vector
ERROR 54000: vector cannot have more than 16000 dimensions

> select '{1:1}/3'::sparsevec <-> '{1:1}/4'
ERROR 22000: different sparsevec dimensions 3 and 4

> select '{1:1,2:2}/3'::sparsevec <-> '{1:4,3:1}/3', '{1:1,2:2}/3'::sparsevec <#> '{1:4,3:1}/3','{1:1,2:2}/3'::sparsevec <=> '{1:4,3:1}/3','{1:1,2:2}/3'::sparsevec <+> '{1:4,3:1}/3'
      ?column?      | ?column? |      ?column?      | ?column?
--------------------+----------+--------------------+----------
 3.7416573867739413 |       -4 | 0.5661390843626877 |        6
(1 row)

> select l2_norm('{1:3,2:4}/2'::sparsevec), l2_normalize('{1:3,2:4}/2'::sparsevec), l2_normalize('{}/2'::sparsevec)
 l2_norm |  l2_normalize   | l2_normalize
---------+-----------------+--------------
       5 | {1:0.6,2:0.8}/2 | {}/2
(1 row)

> select '{}/2'::sparsevec <=> '{1:1}/2'
 ?column?
----------
      NaN
(1 row)

> select '{1:1}/2'::sparsevec < '{1:2}/2', '{1:1}/2'::sparsevec = '{1:1}/2', '{1:-1}/2'::sparsevec < '{2:-1}/2', '{1:1}/2'::sparsevec < '{1:1}/3'
 ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------
 t        | t        | t        | t
(1 row)

> select '[1.1,2,3]'::halfvec, '[65504]'::halfvec, '[1e-8]'::halfvec
     halfvec     | halfvec | halfvec
-----------------+---------+---------
 [1.0996094,2,3] | [65504] | [0]
(1 row)

> select '[65520]'::halfvec
ERROR 22003: "65520" is out of range for type halfvec
LINE 1: select '[65520]'::halfvec
               ^

> select '[1e40]'::halfvec
ERROR 22003: "1e40" is out of range for type halfvec
LINE 1: select '[1e40]'::halfvec
               ^

> select '[nan]'::halfvec
ERROR 22000: NaN not allowed in halfvec
LINE 1: select '[nan]'::halfvec
               ^

> select '[]'::halfvec
ERROR 22000: halfvec must have at least 1 dimension
LINE 1: select '[]'::halfvec
               ^

> select '[1,2]'::halfvec(3)
ERROR 22000: expected 3 dimensions, not 2
LINE 1: select '[1,2]'::halfvec(3)
               ^

> select '[1,2]'::vector::halfvec, '[1,2]'::halfvec::vector, array[1.1,2]::halfvec, '[1,2]'::halfvec::real[], '{1,2}'::real[]::halfvec
 halfvec | vector |     array     | float4 | halfvec
---------+--------+---------------+--------+---------
 [1,2]   | [1,2]  | [1.0996094,2] | {1,2}  | [1,2]
(1 row)

> select '[70000]'::vector::halfvec
ERROR 22003: "70000" is out of range for type halfvec

> select '[1,2]'::halfvec + '[3,4.1]', '[1,2]'::halfvec - '[3,4]','[1,2]'::halfvec * '[3,4]','[1,2]'::halfvec || '[3]'
   ?column?    | ?column? | ?column? | ?column?
---------------+----------+----------+----------
 [4,6.1015625] | [-2,-2]  | [3,8]    | [1,2,3]
(1 row)

> select '[65504]'::halfvec + '[65504]'
ERROR 22003: value out of range: overflow

> select '[65504]'::halfvec * '[65504]', '[1e-7]'::halfvec*'[1e-7]'
ERROR 22003: value out of range: overflow

> select '[1,2]'::halfvec <-> '[1,3]', '[1,2]'::halfvec <=> '[1,3]', '[1,2]'::halfvec <#> '[1,3]','[1,2]'::halfvec <+> '[1,3]'
 ?column? |       ?column?       | ?column? | ?column?
----------+----------------------+----------+----------
        1 | 0.010050506338833531 |       -7 |        1
(1 row)

> select '[1,2]'::halfvec <-> '[1,3,3]'
ERROR 22000: different halfvec dimensions 2 and 3

> select l2_normalize('[3,4]'::halfvec), subvector('[1,2,3]'::halfvec,2,2), vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), binary_quantize('[1,-1,0]'::halfvec), binary_quantize('[1,-1,2]'::vector)
      l2_normalize      | subvector | vector_dims | l2_norm | binary_quantize | binary_quantize
------------------------+-----------+-------------+---------+-----------------+-----------------
 [0.60009766,0.7998047] | [2,3]     |           3 |       5 | 100             | 101
(1 row)

> select inner_product('[1,2]'::halfvec,'[3,4]'), l2_distance('[1,2]'::halfvec,'[3,4]'), cosine_distance('[1,2]'::halfvec,'[3,4]'), l1_distance('[1,2]'::halfvec,'[3,4]')
 inner_product |    l2_distance     |   cosine_distance   | l1_distance
---------------+--------------------+---------------------+-------------
            11 | 2.8284271247461903 | 0.01613008990009257 |           4
(1 row)

> select inner_product('{1:1}/2'::sparsevec,'{1:2}/2'), l2_distance('{1:1}/2'::sparsevec,'{1:2}/2'), cosine_distance('{1:1}/2'::sparsevec,'{1:2}/2'), l1_distance('{1:1}/2'::sparsevec,'{1:2}/2')
 inner_product | l2_distance | cosine_distance | l1_distance
---------------+-------------+-----------------+-------------
             2 |           1 |               0 |           1
(1 row)

> select avg(v), sum(v) from unnest(array['[1,2]','[3,4.5]']::halfvec[]) v
   avg    |   sum
----------+---------
 [2,3.25] | [4,6.5]
(1 row)

> select pg_typeof(avg(v)), pg_typeof(sum(v)) from unnest(array['[1,2]','[3,4.5]']::halfvec[]) v
 pg_typeof | pg_typeof
-----------+-----------
 halfvec   | halfvec
(1 row)

> select '[1,2]'::halfvec = '[1,2]', '[1,2]'::halfvec < '[1,3]'
 ?column? | ?column?
----------+----------
 t        | t
(1 row)

> select '[1,2]'::halfvec::text, '{1:1}/2'::sparsevec::text
 text  |  text
-------+---------
 [1,2] | {1:1}/2
(1 row)

> select null::halfvec(2), null::bit(3)
 halfvec | bit
---------+------
 NULL    | NULL
(1 row)

> select '[1,2,3]'::halfvec::vector(2)
ERROR 22000: expected 2 dimensions, not 3

> select cosine_similarity('[1]','[2]')
ERROR 42883: function cosine_similarity(unknown, unknown) does not exist
LINE 1: select cosine_similarity('[1]','[2]')
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select vector_dims('{1:1}/2'::sparsevec)
ERROR 42883: function vector_dims(sparsevec) does not exist
LINE 1: select vector_dims('{1:1}/2'::sparsevec)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select '[1,2]'::vector <-> '[1,2]'::halfvec
 ?column?
----------
        0
(1 row)

> select '[1,2]'::vector = '[1,2]'::halfvec
 ?column?
----------
 t
(1 row)

> select '[1,2]'::vector <-> '{1:1}/2'::sparsevec
 ?column?
----------
        2
(1 row)

> create table kv (id int primary key, h halfvec(3), s sparsevec(5))
CREATE TABLE

> insert into kv select n, array[n, n % 3, 1]::halfvec, ('{1:' || n || ',3:1}/5')::sparsevec from generate_series(1, 20) n
INSERT 0 20

> insert into kv values (30, '[1,2]', null)
ERROR 22000: expected 3 dimensions, not 2
LINE 1: insert into kv values (30, '[1,2]', null)
                                   ^

> insert into kv values (30, null, '{1:1}/4')
ERROR 22000: expected 5 dimensions, not 4
LINE 1: insert into kv values (30, null, '{1:1}/4')
                                         ^

> create index on kv using hnsw (h halfvec_l2_ops)
CREATE INDEX

> create index on kv using hnsw (h vector_l2_ops)
ERROR 42804: operator class "vector_l2_ops" does not accept data type halfvec

> create index on kv using hnsw (s sparsevec_l2_ops)
ERROR 0A000: hnsw indexes over sparsevec are not offered
HINT: Searches by its operators measure every row, which is exact.

> select id, h from kv order by h <-> '[4,1,1]' limit 3
 id |    h
----+---------
  4 | [4,1,1]
  3 | [3,0,1]
  5 | [5,2,1]
(3 rows)

> select id, h <=> '[4,1,1]' < 1 from kv order by h <-> '[4,1,1]'::vector, id limit 2
 id | ?column?
----+----------
  4 | t
  3 | t
(2 rows)

> select id, s from kv order by s <-> '{1:4,3:1}/5' limit 3
 id |      s
----+-------------
  4 | {1:4,3:1}/5
  3 | {1:3,3:1}/5
  5 | {1:5,3:1}/5
(3 rows)

> select id from kv order by l2_distance(s, '{1:4,3:1}/5'), id limit 3
 id
----
  4
  3
  5
(3 rows)

> update kv set h = h + '[0.1,0,0]', s = l2_normalize(s) where id = 1 returning h, s
        h        |               s
-----------------+-------------------------------
 [1.0996094,1,1] | {1:0.70710677,3:0.70710677}/5
(1 row)
UPDATE 1

> select s from kv where id in (1, 2, 3) order by s
               s
-------------------------------
 {1:0.70710677,3:0.70710677}/5
 {1:2,3:1}/5
 {1:3,3:1}/5
(3 rows)

> select avg(h), sum(h) from kv where id < 4
       avg       |       sum
-----------------+-----------------
 [2.0332031,1,1] | [6.1015625,3,3]
(1 row)

> select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'kv'::regclass and attnum > 0 order by attnum
 attname | format_type
---------+--------------
 id      | integer
 h       | halfvec(3)
 s       | sparsevec(5)
(3 rows)

> alter table kv alter column h type halfvec(4)
ERROR 22000: expected 4 dimensions, not 3
DETAIL: 20 entries hold vectors of 3 dimensions in column "h" of "kv".
HINT: DELETE them, or UPDATE kv SET h = NULL, first.

> alter table kv alter column h type vector(3)
ERROR 0A000: the type of a column cannot be changed from halfvec(3) to vector(3)
HINT: Of vectors only the dimension can; otherwise make a new table and INSERT ... SELECT.

> select distinct s from kv where id = 2
      s
-------------
 {1:2,3:1}/5
(1 row)

> create table free (h halfvec)
CREATE TABLE

> insert into free values ('[1,2]'), ('[3,4]')
INSERT 0 2

> insert into free values ('[1,2,3]')
ERROR 22000: expected 2 dimensions, not 3
DETAIL: Column "h" holds vectors of 2 dimensions.

> select h from free order by h <-> '[3,3]'
   h
-------
 [3,4]
 [1,2]
(2 rows)
