# pgvector's type, operators and functions.

> CREATE TABLE item (id bigserial PRIMARY KEY, embedding vector(3))
CREATE TABLE

> INSERT INTO item (embedding) VALUES ('[1,2,3]'), ('[4,5,6]'), ('[-1, 0.5 ,2e-3]'), (NULL)
INSERT 0 4

> SELECT * FROM item ORDER BY id
 id |   embedding
----+----------------
  1 | [1,2,3]
  2 | [4,5,6]
  3 | [-1,0.5,0.002]
  4 | NULL
(4 rows)

# differs: PostgreSQL answers
#    id |        l2
#   ----+-------------------
#     1 | 2.449489742783178
#     3 | 4.499111511679973
#     2 | 5.744562646538029
#     4 |              NULL
#   (4 rows)
> SELECT id, embedding <-> '[3,1,2]' AS l2 FROM item ORDER BY embedding <-> '[3,1,2]' LIMIT 5
 id |        l2
----+-------------------
  1 | 2.449489742783178
  3 | 4.499111467792324
  2 | 5.744562646538029
  4 |              NULL
(4 rows)

> SELECT id FROM item WHERE id > 2 ORDER BY embedding <-> '[3,1,2]' LIMIT 1 OFFSET 1
 id
----
  4
(1 row)

> SELECT count(*) FROM (SELECT id FROM item ORDER BY embedding <-> '[3,1,2]' LIMIT 9) AS s
 count
-------
     4
(1 row)

> SELECT id, embedding <#> '[3,1,2]' AS negative_inner_product FROM item ORDER BY embedding <#> '[3,1,2]' LIMIT 2
 id | negative_inner_product
----+------------------------
  2 |                    -29
  1 |                    -11
(2 rows)

# differs: PostgreSQL answers
#    id |  cosine
#   ----+----------
#     2 | 0.116740
#     1 | 0.214286
#   (2 rows)
> SELECT id, round((embedding <=> '[3,1,2]')::numeric, 6) AS cosine FROM item ORDER BY embedding <=> '[3,1,2]' LIMIT 2
 id |  cosine
----+----------
  2 | 0.116740
  1 | 0.214286
(2 rows)

# differs: PostgreSQL answers
#    id |        l1
#   ----+-------------------
#     1 |                 4
#     3 | 6.498000144958496
#   (2 rows)
> SELECT id, embedding <+> '[3,1,2]' AS l1 FROM item ORDER BY embedding <+> '[3,1,2]' LIMIT 2
 id |        l1
----+-------------------
  1 |                 4
  3 | 6.497999999905005
(2 rows)

> SELECT id FROM item WHERE embedding <-> '[1,2,3]' < 1 ORDER BY id
 id
----
  1
(1 row)

> SELECT id, 1 - (embedding <=> '[1,2,3]') > 0.99 AS close FROM item WHERE embedding IS NOT NULL ORDER BY id
 id | close
----+-------
  1 | t
  2 | f
  3 | f
(3 rows)

> SELECT id FROM item WHERE id != 1 ORDER BY embedding <-> (SELECT embedding FROM item WHERE id = 1) LIMIT 1
 id
----
  3
(1 row)

> SELECT '[1,2,3]'::vector + '[4,5,6]'::vector AS plus, '[1,2,3]'::vector - '[4,5,6]'::vector AS minus, '[1,2,3]'::vector * '[4,5,6]'::vector AS times
  plus   |   minus    |   times
---------+------------+-----------
 [5,7,9] | [-3,-3,-3] | [4,10,18]
(1 row)

> SELECT '[1,2]'::vector || '[3]'::vector AS joined
 joined
---------
 [1,2,3]
(1 row)

> SELECT '[1,2,3]'::vector = '[1,2,3]'::vector AS same, '[1,2,3]'::vector < '[1,3,0]'::vector AS less
 same | less
------+------
 t    | t
(1 row)

> SELECT l2_distance('[0,0]'::vector, '[3,4]'::vector), inner_product('[1,2]'::vector, '[3,4]'::vector), cosine_distance('[1,0]'::vector, '[0,1]'::vector), l1_distance('[0,0]'::vector, '[3,4]'::vector)
 l2_distance | inner_product | cosine_distance | l1_distance
-------------+---------------+-----------------+-------------
           5 |            11 |               1 |           7
(1 row)

> SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'::vector), l2_normalize('[3,4]'::vector), subvector('[1,2,3,4,5]'::vector, 2, 3)
 vector_dims | vector_norm | l2_normalize | subvector
-------------+-------------+--------------+-----------
           3 |           5 | [0.6,0.8]    | [2,3,4]
(1 row)

> SELECT avg(embedding), sum(embedding) FROM item
            avg            |      sum
---------------------------+---------------
 [1.3333334,2.5,3.0006666] | [4,7.5,9.002]
(1 row)

> SELECT cosine_distance('[1,1]'::vector, '[0,0]'::vector)
 cosine_distance
-----------------
             NaN
(1 row)

# differs: PostgreSQL answers
#    float4  |  array  | vector
#   ---------+---------+--------
#    {1,2,3} | [1,2,3] | [1,2]
#   (1 row)
> SELECT '[1,2,3]'::vector::real[], ARRAY[1,2,3]::vector, '{1,2}'::real[]::vector
 float4  |  array  | vector
---------+---------+--------
 {1,2,3} | [1,2,3] | [1,2]
(1 row)

> SELECT '[0.1,1e-20,123456789]'::vector
          vector
---------------------------
 [0.1,1e-20,1.2345679e+08]
(1 row)

# differs: PostgreSQL points at no place
> INSERT INTO item (embedding) VALUES ('[1,2]')
ERROR 22000: expected 3 dimensions, not 2
LINE 1: INSERT INTO item (embedding) VALUES ('[1,2]')
                                             ^

# differs: PostgreSQL points at no place
> INSERT INTO item (embedding) VALUES ('[1,2,3,4]')
ERROR 22000: expected 3 dimensions, not 4
LINE 1: INSERT INTO item (embedding) VALUES ('[1,2,3,4]')
                                             ^

# differs: PostgreSQL points at no place
> SELECT '[1,2]'::vector(3)
ERROR 22000: expected 3 dimensions, not 2
LINE 1: SELECT '[1,2]'::vector(3)
               ^

> SELECT '[1,2]'::vector <-> '[1,2,3]'::vector
ERROR 22000: different vector dimensions 2 and 3

# differs: PostgreSQL answers ERROR 22000: different vector dimensions 3 and 2
> SELECT id FROM item ORDER BY embedding <-> '[1,2]' LIMIT 1
ERROR 22000: expected 3 dimensions, not 2
DETAIL: Column "embedding" holds vectors of 3 dimensions.

> SELECT '[NaN,1]'::vector
ERROR 22000: NaN not allowed in vector
LINE 1: SELECT '[NaN,1]'::vector
               ^

> SELECT '[Infinity,1]'::vector
ERROR 22000: infinite value not allowed in vector
LINE 1: SELECT '[Infinity,1]'::vector
               ^

> SELECT '[1e40]'::vector
ERROR 22003: "1e40" is out of range for type vector
LINE 1: SELECT '[1e40]'::vector
               ^

> SELECT '[]'::vector
ERROR 22000: vector must have at least 1 dimension
LINE 1: SELECT '[]'::vector
               ^

# differs: PostgreSQL answers
#   ERROR 22P02: invalid input syntax for type vector: "[1,2"
> SELECT '[1,2'::vector
ERROR 22P02: invalid input syntax for type vector: "[1,2"
LINE 1: SELECT '[1,2'::vector
               ^
DETAIL: Unexpected end of input.

> SELECT '1,2'::vector
ERROR 22P02: invalid input syntax for type vector: "1,2"
LINE 1: SELECT '1,2'::vector
               ^
DETAIL: Vector contents must start with "[".

> SELECT '[1,,2]'::vector
ERROR 22P02: invalid input syntax for type vector: "[1,,2]"
LINE 1: SELECT '[1,,2]'::vector
               ^

> SELECT '[1,a]'::vector
ERROR 22P02: invalid input syntax for type vector: "[1,a]"
LINE 1: SELECT '[1,a]'::vector
               ^

> CREATE TABLE wide (embedding vector(16001))
ERROR 22023: dimensions for type vector cannot exceed 16000
LINE 1: CREATE TABLE wide (embedding vector(16001))
                                     ^

> CREATE TABLE flat (embedding vector(0))
ERROR 22023: dimensions for type vector must be at least 1
LINE 1: CREATE TABLE flat (embedding vector(0))
                                     ^

> SELECT count(*) FROM item
 count
-------
     4
(1 row)

> UPDATE item SET embedding = '[9,9,9]' WHERE id = 1 RETURNING embedding
 embedding
-----------
 [9,9,9]
(1 row)
UPDATE 1

> SELECT id FROM item ORDER BY embedding <-> '[9,9,9]', id LIMIT 1
 id
----
  1
(1 row)

> SELECT id FROM item ORDER BY embedding <-> '[9,9,9]'
 id
----
  1
  2
  3
  4
(4 rows)

> SELECT id, embedding <-> '[9,9,9]' IS NULL AS none FROM item ORDER BY id
 id | none
----+------
  1 | f
  2 | f
  3 | f
  4 | t
(4 rows)
