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
    conname    | contype
---------------+---------
 item_code_key | u
 item_pkey     | p
(2 rows)

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
ERROR 0A000: the type of a column cannot be changed from integer to bigint
HINT: Only the dimension of a vector can; otherwise make a new table and INSERT ... SELECT.

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
