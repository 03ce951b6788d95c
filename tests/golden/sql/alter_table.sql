# ALTER TABLE: rules of columns, new columns with rules, and several changes in one statement.

> CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price int)
CREATE TABLE

> INSERT INTO item VALUES (1, 'a', 10), (2, 'b', NULL)
INSERT 0 2

> ALTER TABLE item ALTER COLUMN name DROP NOT NULL
ALTER TABLE

> INSERT INTO item VALUES (3, NULL, 30)
INSERT 0 1

> ALTER TABLE item ALTER COLUMN name SET NOT NULL
ERROR 23502: column "name" of relation "item" contains null values

> UPDATE item SET name = 'c' WHERE id = 3
UPDATE 1

> ALTER TABLE item ALTER name SET NOT NULL
ALTER TABLE

> INSERT INTO item VALUES (4, NULL, 40)
ERROR 23502: null value in column "name" of relation "item" violates not-null constraint
DETAIL: Failing row contains (4, null, 40).

> SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum
 attname | attnotnull
---------+------------
 id      | t
 name    | t
 price   | f
(3 rows)

# A new column with NOT NULL needs a value for what is there.

> ALTER TABLE item ADD COLUMN state text NOT NULL
ERROR 23502: column "state" of relation "item" contains null values

> ALTER TABLE item ADD COLUMN state text NOT NULL DEFAULT 'new'
ALTER TABLE

> SELECT id, state FROM item ORDER BY id
 id | state
----+-------
  1 | new
  2 | new
  3 | new
(3 rows)

> INSERT INTO item VALUES (4, 'd', 40, NULL)
ERROR 23502: null value in column "state" of relation "item" violates not-null constraint
DETAIL: Failing row contains (4, d, 40, null).

> INSERT INTO item (id, name) VALUES (4, 'd')
INSERT 0 1

> ALTER TABLE item ADD COLUMN state text
ERROR 42701: column "state" of relation "item" already exists

> ALTER TABLE item ADD COLUMN IF NOT EXISTS state text
NOTICE: column "state" of relation "item" already exists, skipping
ALTER TABLE

# Defaults are for rows to come.

> ALTER TABLE item ALTER COLUMN price SET DEFAULT 7
ALTER TABLE

> INSERT INTO item (id, name) VALUES (5, 'e')
INSERT 0 1

> ALTER TABLE item ALTER COLUMN price DROP DEFAULT
ALTER TABLE

> INSERT INTO item (id, name) VALUES (6, 'f')
INSERT 0 1

> SELECT id, price FROM item WHERE id > 4 ORDER BY id
 id | price
----+-------
  5 |     7
  6 |  NULL
(2 rows)

> ALTER TABLE item ALTER COLUMN price SET DEFAULT 'seven'
ERROR 22P02: invalid input syntax for type integer: "seven"
LINE 1: ALTER TABLE item ALTER COLUMN price SET DEFAULT 'seven'
                                                        ^

# Several changes happen together or not at all, columns first.

> ALTER TABLE item ALTER COLUMN price SET NOT NULL, ADD COLUMN rank int DEFAULT 0
ERROR 23502: column "price" of relation "item" contains null values

> SELECT column_name FROM information_schema.columns WHERE table_name = 'item' ORDER BY ordinal_position
 column_name
-------------
 id
 name
 price
 state
(4 rows)

> UPDATE item SET price = 0 WHERE price IS NULL
UPDATE 3

> ALTER TABLE item ADD UNIQUE (code), ALTER COLUMN price SET NOT NULL, ADD COLUMN code int, ADD COLUMN serial_number bigserial, ALTER COLUMN state DROP NOT NULL
ALTER TABLE

> SELECT id, price, code, serial_number FROM item ORDER BY id
 id | price | code | serial_number
----+-------+------+---------------
  1 |    10 | NULL |             1
  2 |     0 | NULL |             2
  3 |    30 | NULL |             3
  4 |     0 | NULL |             4
  5 |     7 | NULL |             5
  6 |     0 | NULL |             6
(6 rows)

> INSERT INTO item (id, name, price, code) VALUES (7, 'g', 1, 1), (8, 'h', 1, 1)
ERROR 23505: duplicate key value violates unique constraint "item_code_key"
DETAIL: Key (code)=(1) already exists.

> SELECT conname, contype FROM pg_constraint WHERE conrelid = 'item'::regclass ORDER BY conname
           conname           | contype
-----------------------------+---------
 item_code_key               | u
 item_id_not_null            | n
 item_name_not_null          | n
 item_pkey                   | p
 item_price_not_null         | n
 item_serial_number_not_null | n
(6 rows)

> ALTER TABLE item ADD COLUMN label text UNIQUE
ALTER TABLE

# What stays as it is.

> ALTER TABLE item ALTER COLUMN id DROP NOT NULL
ERROR 42P16: column "id" is in a primary key

> ALTER TABLE item ALTER COLUMN nosuch SET NOT NULL
ERROR 42703: column "nosuch" of relation "item" does not exist
LINE 1: ALTER TABLE item ALTER COLUMN nosuch SET NOT NULL
                                      ^

> ALTER TABLE memory ALTER COLUMN vector SET NOT NULL
ERROR 0A000: the columns of "memory" cannot be changed
HINT: It is a default collection.

> ALTER TABLE IF EXISTS nosuch ADD COLUMN x int
NOTICE: relation "nosuch" does not exist, skipping
ALTER TABLE

> ALTER TABLE item ALTER COLUMN price TYPE bigint
ALTER TABLE

> BEGIN
BEGIN

> ALTER TABLE item ADD COLUMN gone int NOT NULL DEFAULT 1
ALTER TABLE

> ROLLBACK
ROLLBACK

> SELECT count(*) FROM information_schema.columns WHERE table_name = 'item' AND column_name = 'gone'
 count
-------
     0
(1 row)

# A UNIQUE constraint goes by its name, and its index with it; an index of a constraint does not go alone.

> CREATE TABLE held (id int PRIMARY KEY, a int UNIQUE, b int, CONSTRAINT pair UNIQUE (a, b))
CREATE TABLE

> CREATE UNIQUE INDEX held_b ON held (b)
CREATE INDEX

> SELECT conname, contype FROM pg_constraint WHERE conrelid = 'held'::regclass ORDER BY conname
     conname      | contype
------------------+---------
 held_a_key       | u
 held_id_not_null | n
 held_pkey        | p
 pair             | u
(4 rows)

> DROP INDEX held_a_key
ERROR 2BP01: cannot drop index held_a_key because constraint held_a_key on table held requires it
HINT: You can drop constraint held_a_key on table held instead.

> DROP INDEX IF EXISTS pair CASCADE
ERROR 2BP01: cannot drop index pair because constraint pair on table held requires it
HINT: You can drop constraint pair on table held instead.

> DROP INDEX held_pkey
ERROR 2BP01: cannot drop index held_pkey because constraint held_pkey on table held requires it
LINE 1: DROP INDEX held_pkey
                   ^
HINT: You can drop constraint held_pkey on table held instead.

> INSERT INTO held VALUES (1, 1, 1) ON CONFLICT ON CONSTRAINT held_b DO NOTHING
ERROR 42704: constraint "held_b" for table "held" does not exist

> DROP INDEX held_b
DROP INDEX

> ALTER TABLE held DROP CONSTRAINT held_a_key
ALTER TABLE

> INSERT INTO held VALUES (1, 1, 1), (2, 1, 2)
INSERT 0 2

> ALTER TABLE held DROP CONSTRAINT pair, ADD CONSTRAINT pair UNIQUE (b)
ALTER TABLE

> INSERT INTO held VALUES (3, 3, 2)
ERROR 23505: duplicate key value violates unique constraint "pair"
DETAIL: Key (b)=(2) already exists.

> ALTER TABLE held DROP CONSTRAINT held_b
ERROR 42704: constraint "held_b" of relation "held" does not exist

> ALTER TABLE held DROP CONSTRAINT IF EXISTS held_b
NOTICE: constraint "held_b" of relation "held" does not exist, skipping
ALTER TABLE

> ALTER TABLE held DROP CONSTRAINT held_pkey
ERROR 0A000: dropping a primary key is not offered
HINT: Make a table without one, then INSERT ... SELECT.

> ALTER TABLE held DROP CONSTRAINT pair CASCADE
ALTER TABLE

> SELECT indexname FROM pg_indexes WHERE tablename = 'held' ORDER BY indexname
 indexname
-----------
 held_pkey
(1 row)

# The default of a new column is computed even where no row takes it; that of a table, or of a later row, is not.

> CREATE TABLE bare (id int PRIMARY KEY, a int DEFAULT 1/0)
CREATE TABLE

> ALTER TABLE bare ADD COLUMN b int DEFAULT 1/0
ERROR 22012: division by zero

> ALTER TABLE bare ADD COLUMN b int DEFAULT 'x'::int
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: ALTER TABLE bare ADD COLUMN b int DEFAULT 'x'::int
                                                  ^

> ALTER TABLE bare ADD COLUMN b smallint DEFAULT 70000
ERROR 22003: smallint out of range
LINE 1: ALTER TABLE bare ADD COLUMN b smallint DEFAULT 70000
                                                       ^

> ALTER TABLE bare ALTER COLUMN a SET DEFAULT 2/0
ALTER TABLE

> INSERT INTO bare (id) VALUES (1)
ERROR 22012: division by zero

> SELECT count(*) FROM bare
 count
-------
     0
(1 row)

# A primary key for a table with indexes: they are made anew under the new keys, in the same statement.

> CREATE TABLE late (n int, a text UNIQUE, b int)
CREATE TABLE

> CREATE INDEX late_b ON late (b)
CREATE INDEX

> INSERT INTO late SELECT g, 'a' || g, g % 3 FROM generate_series(1, 9) g
INSERT 0 9

> ALTER TABLE late ADD PRIMARY KEY (n)
ALTER TABLE

> EXPLAIN SELECT n FROM late WHERE b = 2
           QUERY PLAN
---------------------------------
 Index Scan using late_b on late
   Filter: on each entry
(2 rows)

> SELECT n FROM late WHERE b = 2 ORDER BY n
 n
---
 2
 5
 8
(3 rows)

> SELECT b FROM late WHERE n = 5
 b
---
 2
(1 row)

> SELECT n FROM late WHERE a = 'a7'
 n
---
 7
(1 row)

> INSERT INTO late VALUES (10, 'a7', 1)
ERROR 23505: duplicate key value violates unique constraint "late_a_key"
DETAIL: Key (a)=(a7) already exists.

> INSERT INTO late VALUES (9, 'b', 1)
ERROR 23505: duplicate key value violates unique constraint "late_pkey"
DETAIL: Key (n)=(9) already exists.

> UPDATE late SET b = 7 WHERE n = 5
UPDATE 1

> DELETE FROM late WHERE n = 8
DELETE 1

> SELECT n, b FROM late WHERE b IN (2, 7) ORDER BY n
 n | b
---+---
 2 | 2
 5 | 7
(2 rows)

> INSERT INTO late VALUES (8, 'a8', 2) ON CONFLICT (a) DO NOTHING
INSERT 0 1

> CREATE TABLE later (n int, a int)
CREATE TABLE

> CREATE INDEX later_n ON later (n)
CREATE INDEX

> INSERT INTO later VALUES (1, 1), (2, 2), (3, 2)
INSERT 0 3

> BEGIN; CREATE INDEX later_a ON later (a); ALTER TABLE later ADD PRIMARY KEY (n); CREATE INDEX later_an ON later (a, n); SELECT n FROM later WHERE a = 2 ORDER BY n; INSERT INTO later VALUES (4, 2); COMMIT
BEGIN
CREATE INDEX
ALTER TABLE
CREATE INDEX
 n
---
 2
 3
(2 rows)
INSERT 0 1
COMMIT

> SELECT n FROM later WHERE a = 2 ORDER BY n
 n
---
 2
 3
 4
(3 rows)

> SELECT n FROM later WHERE a = 2 AND n = 3
 n
---
 3
(1 row)

> SELECT a FROM later WHERE n > 2 ORDER BY n
 a
---
 2
 2
(2 rows)

> BEGIN; CREATE TABLE twice (n int); INSERT INTO twice VALUES (1), (2); COMMIT; BEGIN; ALTER TABLE twice ADD PRIMARY KEY (n); CREATE UNIQUE INDEX twice_n ON twice (n); ROLLBACK; INSERT INTO twice VALUES (1)
BEGIN
CREATE TABLE
INSERT 0 2
COMMIT
BEGIN
ALTER TABLE
CREATE INDEX
ROLLBACK
INSERT 0 1

> CREATE UNIQUE INDEX twice_n ON twice (n)
ERROR 23505: could not create unique index "twice_n"
DETAIL: Key (n)=(1) is duplicated.
