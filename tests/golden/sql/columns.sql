# ALTER TABLE: columns that get another name, go, and get another type.

> CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL DEFAULT 'new', price numeric(8,2), code int UNIQUE, note varchar(10), flag bool)
CREATE TABLE

> CREATE INDEX item_name ON item (name, price)
CREATE INDEX

> INSERT INTO item VALUES (1, 'a', 1.5, 10, 'x', true), (2, 'b', NULL, 20, NULL, false), (3, 'c', 3, NULL, '7', NULL)
INSERT 0 3

# Another name.

> ALTER TABLE item RENAME COLUMN name TO title
ALTER TABLE

> ALTER TABLE item RENAME price TO cost
ALTER TABLE

> SELECT id, title, cost FROM item WHERE title >= 'b' ORDER BY id
 id | title | cost
----+-------+------
  2 | b     | NULL
  3 | c     | 3.00
(2 rows)

> SELECT name FROM item
ERROR 42703: column "name" does not exist
LINE 1: SELECT name FROM item
               ^

> SELECT indexdef FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname
                              indexdef
---------------------------------------------------------------------
 CREATE UNIQUE INDEX item_code_key ON public.item USING btree (code)
 CREATE INDEX item_name ON public.item USING btree (title, cost)
 CREATE UNIQUE INDEX item_pkey ON public.item USING btree (id)
(3 rows)

> INSERT INTO item (id) VALUES (4) RETURNING id, title, cost
 id | title | cost
----+-------+------
  4 | new   | NULL
(1 row)
INSERT 0 1

> ALTER TABLE item RENAME COLUMN nosuch TO other
ERROR 42703: column "nosuch" does not exist

> ALTER TABLE item RENAME COLUMN title TO cost
ERROR 42701: column "cost" of relation "item" already exists

> ALTER TABLE item RENAME COLUMN title TO title
ERROR 42701: column "title" of relation "item" already exists

> ALTER TABLE item RENAME COLUMN title TO _stage
ERROR 42701: column name "_stage" conflicts with a system column name

> ALTER TABLE item RENAME COLUMN id TO number
ALTER TABLE

> SELECT number FROM item WHERE number = 3
 number
--------
      3
(1 row)

> INSERT INTO item (number, title) VALUES (3, 'again')
ERROR 23505: duplicate key value violates unique constraint "item_pkey"
DETAIL: Key (number)=(3) already exists.

> ALTER TABLE item RENAME COLUMN number TO id
ALTER TABLE

> ALTER TABLE memory RENAME COLUMN vector TO other
ERROR 0A000: the columns of "memory" cannot be changed
HINT: It is a default collection.

# Two columns change their names with each other, and a new one takes the first name of another.

> CREATE TABLE pair (a int, b int)
CREATE TABLE

> INSERT INTO pair VALUES (1, 2)
INSERT 0 1

> BEGIN; ALTER TABLE pair RENAME a TO t; ALTER TABLE pair RENAME b TO a; ALTER TABLE pair RENAME t TO b; ALTER TABLE pair ADD COLUMN c int DEFAULT 3; ALTER TABLE pair RENAME a TO z; ALTER TABLE pair ADD COLUMN a int; COMMIT
BEGIN
ALTER TABLE
ALTER TABLE
ALTER TABLE
ALTER TABLE
ALTER TABLE
ALTER TABLE
COMMIT

> SELECT * FROM pair
 b | z | c |  a
---+---+---+------
 1 | 2 | 3 | NULL
(1 row)

> UPDATE pair SET a = 9
UPDATE 1

> SELECT * FROM pair
 b | z | c | a
---+---+---+---
 1 | 2 | 3 | 9
(1 row)

# A column goes, with its indexes and constraints.

> ALTER TABLE item DROP COLUMN code
ALTER TABLE

> SELECT * FROM item ORDER BY id
 id | title | cost | note | flag
----+-------+------+------+------
  1 | a     | 1.50 | x    | t
  2 | b     | NULL | NULL | f
  3 | c     | 3.00 | 7    | NULL
  4 | new   | NULL | NULL | NULL
(4 rows)

> SELECT indexname FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname
 indexname
-----------
 item_name
 item_pkey
(2 rows)

> SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum
 attname | attnum
---------+--------
 id      |      1
 title   |      2
 cost    |      3
 note    |      5
 flag    |      6
(5 rows)

> SELECT flag, count(*), max(cost), min(note) FROM item GROUP BY flag ORDER BY flag
 flag | count | max  | min
------+-------+------+------
 f    |     1 | NULL | NULL
 t    |     1 | 1.50 | x
 NULL |     2 | 3.00 | 7
(3 rows)

> SELECT a.title, b.note FROM item a JOIN item b ON a.id = b.id + 1 WHERE b.cost > 1 ORDER BY a.id
 title | note
-------+------
 b     | x
 new   | 7
(2 rows)

> SELECT conname, conkey FROM pg_constraint WHERE conrelid = 'item'::regclass
       conname       | conkey
---------------------+--------
 item_pkey           | {1}
 item_id_not_null    | {1}
 item_title_not_null | {2}
(3 rows)

> SELECT indkey FROM pg_index WHERE indexrelid = 'item_name'::regclass
 indkey
--------
 2 3
(1 row)

> SELECT column_name, ordinal_position FROM information_schema.columns WHERE table_name = 'item' ORDER BY 2
 column_name | ordinal_position
-------------+------------------
 id          |                1
 title       |                2
 cost        |                3
 note        |                5
 flag        |                6
(5 rows)

> ALTER TABLE item ADD COLUMN code int
ALTER TABLE

> SELECT * FROM item ORDER BY id
 id | title | cost | note | flag | code
----+-------+------+------+------+------
  1 | a     | 1.50 | x    | t    | NULL
  2 | b     | NULL | NULL | f    | NULL
  3 | c     | 3.00 | 7    | NULL | NULL
  4 | new   | NULL | NULL | NULL | NULL
(4 rows)

> SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'code'
 attname | attnum
---------+--------
 code    |      7
(1 row)

> ALTER TABLE item DROP COLUMN nosuch
ERROR 42703: column "nosuch" of relation "item" does not exist

> ALTER TABLE item DROP COLUMN IF EXISTS nosuch
NOTICE: column "nosuch" of relation "item" does not exist, skipping
ALTER TABLE

> ALTER TABLE item DROP COLUMN code CASCADE, DROP flag RESTRICT, ADD COLUMN flag int DEFAULT 5
ALTER TABLE

> SELECT * FROM item ORDER BY id
 id | title | cost | note | flag
----+-------+------+------+------
  1 | a     | 1.50 | x    |    5
  2 | b     | NULL | NULL |    5
  3 | c     | 3.00 | 7    |    5
  4 | new   | NULL | NULL |    5
(4 rows)

> ALTER TABLE item DROP COLUMN id
ERROR 0A000: column "id" is in the primary key of "item" and cannot be dropped
HINT: Make a table without it, then INSERT ... SELECT.

> ALTER TABLE item DROP COLUMN cost
ALTER TABLE

> SELECT indexname FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname
 indexname
-----------
 item_pkey
(1 row)

> BEGIN; INSERT INTO item (id, note) VALUES (9, 'gone'); ALTER TABLE item DROP COLUMN note; ALTER TABLE item ADD COLUMN note text; SELECT id, note FROM item ORDER BY id; COMMIT
BEGIN
INSERT 0 1
ALTER TABLE
ALTER TABLE
 id | note
----+------
  1 | NULL
  2 | NULL
  3 | NULL
  4 | NULL
  9 | NULL
(5 rows)
COMMIT

> SELECT id, note, title FROM item ORDER BY id
 id | note | title
----+------+-------
  1 | NULL | a
  2 | NULL | b
  3 | NULL | c
  4 | NULL | new
  9 | NULL | new
(5 rows)

> BEGIN; ALTER TABLE item DROP COLUMN flag; SELECT * FROM item WHERE id = 1; ROLLBACK; SELECT * FROM item WHERE id = 1
BEGIN
ALTER TABLE
 id | title | note
----+-------+------
  1 | a     | NULL
(1 row)
ROLLBACK
 id | title | flag | note
----+-------+------+------
  1 | a     |    5 | NULL
(1 row)

> ALTER TABLE memory DROP COLUMN vector
ERROR 0A000: the columns of "memory" cannot be changed
HINT: It is a default collection.

> CREATE TABLE numbered (a int, n bigserial, v vector(2))
CREATE TABLE

> CREATE INDEX numbered_v ON numbered USING hnsw (v vector_l2_ops)
CREATE INDEX

> INSERT INTO numbered (a, v) VALUES (1, '[1,1]'), (2, '[2,2]')
INSERT 0 2

> ALTER TABLE numbered DROP COLUMN n, DROP COLUMN v
ALTER TABLE

> INSERT INTO numbered VALUES (3)
INSERT 0 1

> ALTER TABLE numbered ADD COLUMN n serial
ALTER TABLE

> ALTER TABLE numbered ADD COLUMN v vector(3)
ALTER TABLE

> UPDATE numbered SET v = '[1,2,3]' WHERE a = 3
UPDATE 1

> SELECT a, n, v FROM numbered ORDER BY a
 a | n |    v
---+---+---------
 1 | 1 | NULL
 2 | 2 | NULL
 3 | 3 | [1,2,3]
(3 rows)

# Another type.

> CREATE TABLE kind (id int PRIMARY KEY, n int UNIQUE, t text DEFAULT 'x', d numeric, b bool NOT NULL, j jsonb, s varchar(5))
CREATE TABLE

> CREATE INDEX kind_t ON kind (t, n)
CREATE INDEX

> INSERT INTO kind VALUES (1, 10, '1', 1.5, true, '{"a":1}', 'abc'), (2, 9, '22', 2.5, false, NULL, NULL), (3, NULL, 'x', NULL, true, '3', 'abcde')
INSERT 0 3

> ALTER TABLE kind ALTER COLUMN n TYPE bigint
ALTER TABLE

> ALTER TABLE kind ALTER n SET DATA TYPE text
ALTER TABLE

> SELECT id, n, pg_typeof(n) FROM kind ORDER BY n
 id |  n   | pg_typeof
----+------+-----------
  1 | 10   | text
  2 | 9    | text
  3 | NULL | text
(3 rows)

> SELECT id FROM kind WHERE n = '9'
 id
----
  2
(1 row)

> EXPLAIN SELECT id FROM kind WHERE n = '9'
             QUERY PLAN
-------------------------------------
 Index Scan using kind_n_key on kind
   Filter: on each entry
(2 rows)

> INSERT INTO kind VALUES (4, '10', 'y', 1, true)
ERROR 23505: duplicate key value violates unique constraint "kind_n_key"
DETAIL: Key (n)=(10) already exists.

> ALTER TABLE kind ALTER n TYPE int
ERROR 42804: column "n" cannot be cast automatically to type integer
HINT: You might need to specify "USING n::integer".

> ALTER TABLE kind ALTER n TYPE int USING n::int
ALTER TABLE

> SELECT id, n FROM kind ORDER BY n
 id |  n
----+------
  2 |    9
  1 |   10
  3 | NULL
(3 rows)

> ALTER TABLE kind ALTER t TYPE int USING t::int
ERROR 42804: default for column "t" cannot be cast automatically to type integer

> ALTER TABLE kind ALTER t DROP DEFAULT
ALTER TABLE

> ALTER TABLE kind ALTER t TYPE int USING t::int
ERROR 22P02: invalid input syntax for type integer: "x"

> ALTER TABLE kind ALTER t TYPE int USING CASE WHEN t = 'x' THEN NULL ELSE length(t) END
ALTER TABLE

> SELECT id, t FROM kind ORDER BY id
 id |  t
----+------
  1 |    1
  2 |    2
  3 | NULL
(3 rows)

> SELECT id FROM kind WHERE t = 2
 id
----
  2
(1 row)

> ALTER TABLE kind ALTER d TYPE int, ALTER s TYPE varchar(3)
ERROR 22001: value too long for type character varying(3)

> ALTER TABLE kind ALTER d TYPE int, ALTER s TYPE varchar(3) USING left(s, 3), ADD COLUMN e int DEFAULT 1, ALTER b TYPE text
ALTER TABLE

> SELECT id, d, s, e, b FROM kind ORDER BY id
 id |  d   |  s   | e |   b
----+------+------+---+-------
  1 |    2 | abc  | 1 | true
  2 |    3 | NULL | 1 | false
  3 | NULL | abc  | 1 | true
(3 rows)

> ALTER TABLE kind ALTER j TYPE int
ERROR 42804: column "j" cannot be cast automatically to type integer
HINT: You might need to specify "USING j::integer".

> ALTER TABLE kind ALTER j TYPE int USING j
ERROR 42804: result of USING clause for column "j" cannot be cast automatically to type integer
HINT: You might need to add an explicit cast.

> ALTER TABLE kind ALTER b TYPE bool USING NULL
ERROR 23502: column "b" of relation "kind" contains null values

> ALTER TABLE kind ALTER n TYPE int USING 1
ERROR 23505: could not create unique index "kind_n_key"
DETAIL: Key (n)=(1) is duplicated.

> ALTER TABLE kind ALTER n TYPE smallint USING n * 10000
ERROR 22003: smallint out of range

> ALTER TABLE kind ALTER nosuch TYPE int
ERROR 42703: column "nosuch" of relation "kind" does not exist
LINE 1: ALTER TABLE kind ALTER nosuch TYPE int
                               ^

> ALTER TABLE kind ALTER n TYPE nosuch
ERROR 42704: type "nosuch" does not exist
LINE 1: ALTER TABLE kind ALTER n TYPE nosuch
                                      ^

> ALTER TABLE kind ALTER n TYPE serial
ERROR 42704: type "serial" does not exist

> ALTER TABLE kind ALTER id TYPE bigint
ERROR 0A000: column "id" is in the primary key of "kind" and keeps its type
HINT: Make a table with a key of that type, then INSERT ... SELECT.

> ALTER TABLE kind ALTER j TYPE vector(3) USING NULL
ERROR 0A000: the type of a column cannot be changed from jsonb to vector(3)
HINT: Of vectors only the dimension can; otherwise make a new table and INSERT ... SELECT.

> BEGIN; INSERT INTO kind (id, n, b) VALUES (7, 70, 'yes'); ALTER TABLE kind ALTER n TYPE text; UPDATE kind SET n = n || '!' WHERE id = 7; SELECT id, n FROM kind ORDER BY id; ROLLBACK; SELECT id, n FROM kind ORDER BY id
BEGIN
INSERT 0 1
ALTER TABLE
UPDATE 1
 id |  n
----+------
  1 | 10
  2 | 9
  3 | NULL
  7 | 70!
(4 rows)
ROLLBACK
 id |  n
----+------
  1 |   10
  2 |    9
  3 | NULL
(3 rows)

> BEGIN; ALTER TABLE kind ALTER n TYPE text; CREATE INDEX kind_n ON kind (n); SELECT id FROM kind WHERE n = '9'; COMMIT
BEGIN
ALTER TABLE
CREATE INDEX
 id
----
  2
(1 row)
COMMIT

> SELECT id FROM kind WHERE n = '9'
 id
----
  2
(1 row)

> SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'kind' ORDER BY ordinal_position
 column_name |     data_type
-------------+-------------------
 id          | integer
 n           | text
 t           | integer
 d           | integer
 b           | text
 j           | jsonb
 s           | character varying
 e           | integer
(8 rows)

# Several in one statement happen in PostgreSQL's order.

> CREATE TABLE passes (a int, b int, c int)
CREATE TABLE

> INSERT INTO passes VALUES (1, 2, 3)
INSERT 0 1

> ALTER TABLE passes ADD COLUMN a text DEFAULT 'new', DROP COLUMN a, ALTER COLUMN c TYPE text, ADD UNIQUE (c), ALTER COLUMN c SET DEFAULT 'd'
ALTER TABLE

> SELECT * FROM passes
 b | c |  a
---+---+-----
 2 | 3 | new
(1 row)

> INSERT INTO passes (b) VALUES (5) RETURNING *
 b | c |  a
---+---+-----
 5 | d | new
(1 row)
INSERT 0 1

> ALTER TABLE passes RENAME COLUMN b TO bb, DROP COLUMN c
ERROR 42601: RENAME COLUMN is a statement of its own
HINT: ALTER TABLE t RENAME COLUMN a TO b

> CREATE TABLE same_type (id int PRIMARY KEY, a int UNIQUE, b varchar(3))
CREATE TABLE

> INSERT INTO same_type VALUES (1, 1, 'x'), (2, 2, 'y')
INSERT 0 2

> ALTER TABLE same_type ALTER a TYPE int USING a + 1
ALTER TABLE

> ALTER TABLE same_type ALTER b TYPE varchar(3) USING b || 'k'
ALTER TABLE

> SELECT * FROM same_type WHERE a = 3
 id | a | b
----+---+----
  2 | 3 | yk
(1 row)

> ALTER TABLE same_type ALTER a TYPE int USING 5
ERROR 23505: could not create unique index "same_type_a_key"
DETAIL: Key (a)=(5) is duplicated.

> ALTER TABLE same_type ALTER b TYPE varchar(2) USING 'abcdef'
ERROR 22001: value too long for type character varying(2)

> SELECT * FROM same_type ORDER BY a
 id | a | b
----+---+----
  1 | 2 | xk
  2 | 3 | yk
(2 rows)

> ALTER TABLE same_type ALTER a TYPE bigint USING row_number() OVER ()
ERROR 42P20: window functions are not allowed in transform expressions

> ALTER TABLE same_type ALTER a TYPE bigint USING count(*)
ERROR 42803: aggregate functions are not allowed in transform expressions

> ALTER TABLE same_type ALTER a TYPE bigint USING (SELECT 1)
ERROR 0A000: cannot use subquery in transform expression
HINT: Use the columns of the row, constants and functions.

> ALTER TABLE same_type ALTER a TYPE bigint USING generate_series(1, 2)
ERROR 0A000: set-returning functions are not allowed in transform expressions
HINT: Use the columns of the row, constants and functions.

> ALTER TABLE same_type ALTER b TYPE text USING "$key"::text
ERROR 42703: column "$key" does not exist

> CREATE TABLE counted (id int PRIMARY KEY, a int GENERATED BY DEFAULT AS IDENTITY)
CREATE TABLE

> ALTER TABLE counted ALTER a TYPE text
ERROR 22023: identity column type must be smallint, integer, or bigint
HINT: Its values come from a sequence: ALTER COLUMN ... DROP DEFAULT first.
