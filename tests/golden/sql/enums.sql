# Enumerated types: made, changed and dropped; columns of them, compared in the order of their labels.

> CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')
CREATE TYPE

> CREATE TYPE mood AS ENUM ('a')
ERROR 42710: type "mood" already exists

> CREATE TYPE twice AS ENUM ('a', 'b', 'a')
ERROR 42710: enum label "a" used more than once

> SELECT 'happy'::mood, 'ok'::mood < 'happy', 'sad'::mood > 'ok', pg_typeof('sad'::mood)
 mood  | ?column? | ?column? | pg_typeof
-------+----------+----------+-----------
 happy | t        | f        | mood
(1 row)

> SELECT 'x'::mood
ERROR 22P02: invalid input value for enum mood: "x"
LINE 1: SELECT 'x'::mood
               ^

> SELECT 'Happy'::mood
ERROR 22P02: invalid input value for enum mood: "Happy"
LINE 1: SELECT 'Happy'::mood
               ^

> CREATE TABLE p (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', list mood[])
CREATE TABLE

> INSERT INTO p VALUES (1, 'happy', '{happy,sad,NULL}'), (2, 'sad', ARRAY['ok', 'sad']::mood[]), (3, DEFAULT, NULL)
INSERT 0 3

> INSERT INTO p (id, m) VALUES (4, 'glad')
ERROR 22P02: invalid input value for enum mood: "glad"
LINE 1: INSERT INTO p (id, m) VALUES (4, 'glad')
                                         ^

> INSERT INTO p (id, m) SELECT 4, 'sad'::text
ERROR 42804: column "m" is of type mood but expression is of type text
HINT: You will need to rewrite or cast the expression.

> INSERT INTO p SELECT 4, 'sad', NULL
INSERT 0 1

> SELECT * FROM p ORDER BY m, id
 id |   m   |       list
----+-------+------------------
  2 | sad   | {ok,sad}
  4 | sad   | NULL
  3 | ok    | NULL
  1 | happy | {happy,sad,NULL}
(4 rows)

> SELECT * FROM p ORDER BY m DESC, id
 id |   m   |       list
----+-------+------------------
  1 | happy | {happy,sad,NULL}
  3 | ok    | NULL
  2 | sad   | {ok,sad}
  4 | sad   | NULL
(4 rows)

> SELECT id, m FROM p WHERE m > 'sad' ORDER BY id
 id |   m
----+-------
  1 | happy
  3 | ok
(2 rows)

> SELECT id FROM p WHERE m IN ('happy', 'ok') ORDER BY id
 id
----
  1
  3
(2 rows)

> SELECT id FROM p WHERE m = ANY ('{happy,sad}') ORDER BY id
 id
----
  1
  2
  4
(3 rows)

> SELECT id FROM p WHERE m BETWEEN 'ok' AND 'happy' ORDER BY id
 id
----
  1
  3
(2 rows)

> SELECT id FROM p WHERE 'sad' = ANY (list) ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT id, list[1], list[1:2] FROM p ORDER BY id
 id | list  |    list
----+-------+-------------
  1 | happy | {happy,sad}
  2 | ok    | {ok,sad}
  3 | NULL  | NULL
  4 | NULL  | NULL
(4 rows)

> SELECT m FROM p WHERE m = 'bad'
ERROR 22P02: invalid input value for enum mood: "bad"
LINE 1: SELECT m FROM p WHERE m = 'bad'
                                  ^

> SELECT m = 1 FROM p
ERROR 42883: operator does not exist: mood = integer
LINE 1: SELECT m = 1 FROM p
                 ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT m || '!' AS text, upper(m::text), m::text = 'ok' FROM p ORDER BY id
  text  | upper | ?column?
--------+-------+----------
 happy! | HAPPY | f
 sad!   | SAD   | f
 ok!    | OK    | t
 sad!   | SAD   | f
(4 rows)

> SELECT min(m), max(m), count(DISTINCT m), array_agg(m ORDER BY m DESC) FROM p
 min |  max  | count |     array_agg
-----+-------+-------+--------------------
 sad | happy |     3 | {happy,ok,sad,sad}
(1 row)

> SELECT m, count(*) FROM p GROUP BY m HAVING m >= 'ok' ORDER BY m DESC
   m   | count
-------+-------
 happy |     1
 ok    |     1
(2 rows)

> SELECT DISTINCT m FROM p ORDER BY m
   m
-------
 sad
 ok
 happy
(3 rows)

> SELECT m FROM p UNION SELECT 'happy' ORDER BY 1
   m
-------
 sad
 ok
 happy
(3 rows)

> SELECT id, row_number() OVER (ORDER BY m, id), lag(m) OVER (ORDER BY m, id), rank() OVER (ORDER BY m) FROM p ORDER BY id
 id | row_number | lag  | rank
----+------------+------+------
  1 |          4 | ok   |    4
  2 |          1 | NULL |    1
  3 |          3 | sad  |    3
  4 |          2 | sad  |    1
(4 rows)

> SELECT coalesce(NULL, m), nullif(m, 'sad'), greatest(m, 'ok'), CASE WHEN id = 1 THEN 'sad' ELSE m END FROM p ORDER BY id
 coalesce | nullif | greatest |  m
----------+--------+----------+-----
 happy    | happy  | happy    | sad
 sad      | NULL   | ok       | sad
 ok       | ok     | ok       | ok
 sad      | NULL   | ok       | sad
(4 rows)

> SELECT a.id, b.id FROM p a JOIN p b ON a.m = b.m AND a.id < b.id
 id | id
----+----
  2 |  4
(1 row)

> SELECT to_json(m), jsonb_build_object('m', m) FROM p WHERE id = 1
 to_json | jsonb_build_object
---------+--------------------
 "happy" | {"m": "happy"}
(1 row)

> SELECT enum_range(NULL::mood), enum_first('ok'::mood), enum_last(NULL::mood), enum_range('ok'::mood, NULL), enum_range(NULL, 'ok'::mood)
   enum_range   | enum_first | enum_last | enum_range | enum_range
----------------+------------+-----------+------------+------------
 {sad,ok,happy} | sad        | happy     | {ok,happy} | {sad,ok}
(1 row)

> SELECT unnest(enum_range(NULL::mood))
 unnest
--------
 sad
 ok
 happy
(3 rows)

> SELECT pg_input_is_valid('ok', 'mood'), pg_input_is_valid('bad', 'mood')
 pg_input_is_valid | pg_input_is_valid
-------------------+-------------------
 t                 | f
(1 row)

# A label between two others: what is stored, and an index, stay right.

> CREATE INDEX p_m ON p (m)
CREATE INDEX

> ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'
ALTER TYPE

> ALTER TYPE mood ADD VALUE 'great'
ALTER TYPE

> ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok'
ALTER TYPE

> ALTER TYPE mood ADD VALUE 'fine'
ERROR 42710: enum label "fine" already exists

> ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine'
NOTICE: enum label "fine" already exists, skipping
ALTER TYPE

> ALTER TYPE mood ADD VALUE 'x' BEFORE 'nothing'
ERROR 22023: "nothing" is not an existing enum label

> INSERT INTO p VALUES (5, 'meh'), (6, 'fine'), (7, 'great')
INSERT 0 3

> SELECT id, m FROM p ORDER BY m, id
 id |   m
----+-------
  2 | sad
  4 | sad
  5 | meh
  3 | ok
  6 | fine
  1 | happy
  7 | great
(7 rows)

> SELECT id, m FROM p WHERE m < 'fine' ORDER BY m, id
 id |  m
----+-----
  2 | sad
  4 | sad
  5 | meh
  3 | ok
(4 rows)

> EXPLAIN SELECT id FROM p WHERE m < 'fine'
        QUERY PLAN
---------------------------
 Index Scan using p_m on p
   Filter: on each entry
(2 rows)

> ALTER TYPE mood RENAME VALUE 'happy' TO 'joyful'
ALTER TYPE

> ALTER TYPE mood RENAME VALUE 'happy' TO 'x'
ERROR 22023: "happy" is not an existing enum label

> ALTER TYPE mood RENAME VALUE 'ok' TO 'sad'
ERROR 42710: enum label "sad" already exists

> ALTER TYPE mood RENAME VALUE 'ok' TO 'okay'
ALTER TYPE

> SELECT id, m, list FROM p ORDER BY m, id
 id |   m    |       list
----+--------+-------------------
  2 | sad    | {okay,sad}
  4 | sad    | NULL
  5 | meh    | NULL
  3 | okay   | NULL
  6 | fine   | NULL
  1 | joyful | {joyful,sad,NULL}
  7 | great  | NULL
(7 rows)

> INSERT INTO p (id) VALUES (8) RETURNING *
 id |  m   | list
----+------+------
  8 | okay | NULL
(1 row)
INSERT 0 1

> UPDATE p SET m = 'joyful' WHERE m = 'meh' RETURNING id, m
 id |   m
----+--------
  5 | joyful
(1 row)
UPDATE 1

> SELECT enumlabel, enumsortorder FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY 2
 enumlabel | enumsortorder
-----------+---------------
 sad       |             1
 meh       |           1.5
 okay      |             2
 fine      |           2.5
 joyful    |             3
 great     |             4
(6 rows)

> SELECT typname, typtype, typcategory, typlen, typelem = 'mood'::regtype::oid AS is_array FROM pg_type WHERE typname IN ('mood', '_mood') ORDER BY 1
 typname | typtype | typcategory | typlen | is_array
---------+---------+-------------+--------+----------
 _mood   | b       | A           |     -1 | t
 mood    | e       | E           |      4 | f
(2 rows)

> SELECT column_name, data_type, udt_schema, udt_name, column_default FROM information_schema.columns WHERE table_name = 'p' ORDER BY ordinal_position
 column_name |  data_type   | udt_schema | udt_name | column_default
-------------+--------------+------------+----------+----------------
 id          | integer      | pg_catalog | int4     | NULL
 m           | USER-DEFINED | public     | mood     | 'okay'::mood
 list        | ARRAY        | public     | _mood    | NULL
(3 rows)

# Keys, checks, other types.

> CREATE TABLE parent (m mood PRIMARY KEY, t text)
CREATE TABLE

> INSERT INTO parent VALUES ('great', 'a'), ('sad', 'b')
INSERT 0 2

> INSERT INTO parent VALUES ('sad', 'c')
ERROR 23505: duplicate key value violates unique constraint "parent_pkey"
DETAIL: Key (m)=(sad) already exists.

> SELECT * FROM parent ORDER BY m
   m   | t
-------+---
 sad   | b
 great | a
(2 rows)

> SELECT t FROM parent WHERE m = 'great'
 t
---
 a
(1 row)

> CREATE TABLE child (m mood REFERENCES parent)
CREATE TABLE

> INSERT INTO child VALUES ('okay')
ERROR 23503: insert or update on table "child" violates foreign key constraint "child_m_fkey"
DETAIL: Key (m)=(okay) is not present in table "parent".

> INSERT INTO child VALUES ('sad')
INSERT 0 1

> CREATE TABLE checked (m mood CHECK (m <> 'sad'))
CREATE TABLE

> INSERT INTO checked VALUES ('sad')
ERROR 23514: new row for relation "checked" violates check constraint "checked_m_check"
DETAIL: Failing row contains (sad).

> ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
ERROR 0A000: cannot rename enum label "sad" because constraint checked_m_check on table checked names it
HINT: Drop it, rename, and make it again: constraint checked_m_check on table checked.

> DROP TABLE checked
DROP TABLE

> CREATE TABLE late (s text)
CREATE TABLE

> INSERT INTO late VALUES ('great'), ('sad')
INSERT 0 2

> ALTER TABLE late ALTER COLUMN s TYPE mood USING s::mood
ALTER TABLE

> SELECT * FROM late ORDER BY s
   s
-------
 sad
 great
(2 rows)

> ALTER TABLE late ADD COLUMN t mood DEFAULT 'fine'
ALTER TABLE

> ALTER TABLE late ALTER COLUMN s TYPE text
ALTER TABLE

> SELECT * FROM late ORDER BY s
   s   |  t
-------+------
 great | fine
 sad   | fine
(2 rows)

> PREPARE q (mood) AS SELECT id FROM p WHERE m = $1 ORDER BY id
PREPARE

> EXECUTE q('okay')
 id
----
  3
  8
(2 rows)

> ALTER TYPE mood RENAME VALUE 'okay' TO 'ok'
ALTER TYPE

> EXECUTE q('ok')
 id
----
  3
  8
(2 rows)

# What a transaction takes back.

> BEGIN
BEGIN

> ALTER TYPE mood ADD VALUE 'gone'
ALTER TYPE

> INSERT INTO p VALUES (9, 'gone')
INSERT 0 1

> CREATE TYPE other AS ENUM ('a')
CREATE TYPE

> ROLLBACK
ROLLBACK

> SELECT 'gone'::mood
ERROR 22P02: invalid input value for enum mood: "gone"
LINE 1: SELECT 'gone'::mood
               ^

> SELECT 'a'::other
ERROR 42704: type "other" does not exist
LINE 1: SELECT 'a'::other
               ^

# Schemas, names, and what depends on a type.

> CREATE SCHEMA s
CREATE SCHEMA

> CREATE TYPE s.mood AS ENUM ('other')
CREATE TYPE

> SELECT 'other'::s.mood, 'ok'::mood, 's.mood'::regtype, 'mood'::regtype
 mood  | mood | regtype | regtype
-------+------+---------+---------
 other | ok   | s.mood  | mood
(1 row)

> SELECT 'ok'::mood = 'other'::s.mood
ERROR 42883: operator does not exist: mood = mood
LINE 1: SELECT 'ok'::mood = 'other'::s.mood
                   ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> CREATE TABLE s.t (m s.mood)
CREATE TABLE

> SET search_path = s, public
SET

> SELECT 'other'::mood
 mood
-------
 other
(1 row)

> RESET search_path
RESET

> DROP SCHEMA s
ERROR 2BP01: cannot drop schema s because other objects depend on it
DETAIL: type s.mood depends on schema s
table s.t depends on schema s
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA s CASCADE
NOTICE: drop cascades to 2 other objects
DROP SCHEMA

> ALTER TYPE mood RENAME TO feeling
ALTER TYPE

> SELECT pg_typeof(m), m FROM p WHERE id = 1
 pg_typeof |   m
-----------+--------
 feeling   | joyful
(1 row)

> DROP TYPE feeling
ERROR 2BP01: cannot drop type feeling because other objects depend on it
DETAIL: column m of table child depends on type feeling
column t of table late depends on type feeling
column m of table p depends on type feeling
column list of table p depends on type feeling
column m of table parent depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> CREATE VIEW v AS SELECT m FROM p WHERE m > 'sad'::feeling
CREATE VIEW

> ALTER TYPE feeling RENAME TO mood
ERROR 0A000: cannot rename type "feeling" because view v names it
HINT: Drop it, rename, and make it again: view v.

> DROP TYPE feeling CASCADE
NOTICE: drop cascades to 5 other objects
NOTICE: drop cascades to view v
ERROR 0A000: column "m" is in the primary key of "parent" and cannot be dropped
HINT: Make a table without it, then INSERT ... SELECT.

> SELECT * FROM p WHERE id = 1
 id |   m    |       list
----+--------+-------------------
  1 | joyful | {joyful,sad,NULL}
(1 row)

> DROP TYPE IF EXISTS feeling
ERROR 2BP01: cannot drop type feeling because other objects depend on it
DETAIL: column m of table child depends on type feeling
column t of table late depends on type feeling
column m of table p depends on type feeling
column list of table p depends on type feeling
column m of table parent depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP TYPE feeling
ERROR 2BP01: cannot drop type feeling because other objects depend on it
DETAIL: column m of table child depends on type feeling
column t of table late depends on type feeling
column m of table p depends on type feeling
column list of table p depends on type feeling
column m of table parent depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP TYPE text
ERROR 2BP01: cannot drop type text because it is required by the database system

> CREATE TYPE pair AS (a int, b int)
ERROR 0A000: types of your own that are no enumerations are not offered
HINT: CREATE TYPE ... AS ENUM makes one; use jsonb for composite values.

> CREATE DOMAIN short AS text
ERROR 0A000: domains are not offered
HINT: Use the type itself, and a CHECK of the table.
