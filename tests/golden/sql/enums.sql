# Enumerated types: made, changed and dropped; columns of them, compared in the order of their labels.

> CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')
CREATE TYPE

> CREATE TYPE mood AS ENUM ('a')
ERROR 42710: type "mood" already exists

# differs: the detail has the number of the type as well
> CREATE TYPE twice AS ENUM ('a', 'b', 'a')
ERROR 23505: duplicate key value violates unique constraint "pg_enum_typid_label_index"
DETAIL: Key (enumlabel)=(a) already exists.

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

# differs: PostgreSQL points at the expression
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

# differs: PostgreSQL shows costs and the condition
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

> BEGIN
BEGIN

# differs: the condition is stored as a text, which has the label
> ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
ERROR 0A000: cannot rename enum label "sad" because constraint checked_m_check on table checked names it
HINT: Drop it, rename, and make it again: constraint checked_m_check on table checked.

> ROLLBACK
ROLLBACK

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

> CREATE TYPE other AS ENUM ('a')
CREATE TYPE

# differs: PostgreSQL lets labels be used once they are committed, 55P04
> INSERT INTO p VALUES (9, 'gone')
INSERT 0 1

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

# differs: PostgreSQL shows the schema of the second type, and points at the operator
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
DETAIL: column list of table p depends on type feeling[]
column m of table p depends on type feeling
column m of table parent depends on type feeling
column m of table child depends on type feeling
column t of table late depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> CREATE VIEW v AS SELECT m FROM p WHERE m > 'sad'::feeling
CREATE VIEW

> BEGIN
BEGIN

# differs: the view is stored as a text, which names the type
> ALTER TYPE feeling RENAME TO mood
ERROR 0A000: cannot rename type "feeling" because view v names it
HINT: Drop it, rename, and make it again: view v.

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

# differs: a column of a primary key is not dropped
> DROP TYPE feeling CASCADE
NOTICE: drop cascades to 5 other objects
NOTICE: drop cascades to view v
NOTICE: drop cascades to constraint child_m_fkey on table child
ERROR 0A000: column "m" is in the primary key of "parent" and cannot be dropped
HINT: Make a table without it, then INSERT ... SELECT.

> ROLLBACK
ROLLBACK

> SELECT * FROM p WHERE id = 1
 id |   m    |       list
----+--------+-------------------
  1 | joyful | {joyful,sad,NULL}
(1 row)

# differs: PostgreSQL names the view as well
> DROP TYPE IF EXISTS feeling
ERROR 2BP01: cannot drop type feeling because other objects depend on it
DETAIL: column list of table p depends on type feeling[]
column m of table p depends on type feeling
column m of table parent depends on type feeling
column m of table child depends on type feeling
column t of table late depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

# differs: PostgreSQL names the view as well
> DROP TYPE feeling
ERROR 2BP01: cannot drop type feeling because other objects depend on it
DETAIL: column list of table p depends on type feeling[]
column m of table p depends on type feeling
column m of table parent depends on type feeling
column m of table child depends on type feeling
column t of table late depends on type feeling
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP TYPE text
ERROR 2BP01: cannot drop type text because it is required by the database system

# differs: PostgreSQL has composite types
> CREATE TYPE pair AS (a int, b int)
ERROR 0A000: types of your own that are no enumerations are not offered
HINT: CREATE TYPE ... AS ENUM makes one; use jsonb for composite values.

> CREATE DOMAIN short AS text
CREATE DOMAIN

# What definitions keep names the types that their makers found, whatever the path of those who come later.

> CREATE SCHEMA far
CREATE SCHEMA

> CREATE TYPE far.size AS ENUM ('S', 'M', 'L')
CREATE TYPE

> CREATE TYPE size AS ENUM ('near')
CREATE TYPE

> SET search_path = far, public
SET

> CREATE TABLE shirt (id int PRIMARY KEY, s size DEFAULT 'M'::size CHECK (s > 'S'::size), l size[] DEFAULT ARRAY['S', 'M']::size[], big bool GENERATED ALWAYS AS (s = 'L'::size) STORED)
CREATE TABLE

> CREATE INDEX shirt_big ON shirt ((s > 'M'::size)) WHERE s <> 'S'::size
CREATE INDEX

> CREATE VIEW public.shirts AS SELECT id, s > CAST('M' AS size) AS big, ARRAY['S'::size] AS least, '{L}'::_size AS most FROM shirt WHERE s >= 'M'::size
CREATE VIEW

> RESET search_path
RESET

> CREATE TABLE plain (id int, s size DEFAULT 'near'::size CHECK (s = 'near'::size))
CREATE TABLE

> SET search_path = far
SET

> INSERT INTO public.plain VALUES (1) RETURNING *
 id |  s
----+------
  1 | near
(1 row)
INSERT 0 1

> RESET search_path
RESET

> INSERT INTO far.shirt (id) VALUES (1) RETURNING *
 id | s |   l   | big
----+---+-------+-----
  1 | M | {S,M} | f
(1 row)
INSERT 0 1

> INSERT INTO far.shirt VALUES (2, 'S')
ERROR 23514: new row for relation "shirt" violates check constraint "shirt_s_check"
DETAIL: Failing row contains (2, S, {S,M}, f).

> INSERT INTO far.shirt VALUES (2, 'L') RETURNING *
 id | s |   l   | big
----+---+-------+-----
  2 | L | {S,M} | t
(1 row)
INSERT 0 1

> UPDATE far.shirt SET s = DEFAULT WHERE id = 2 RETURNING *
 id | s |   l   | big
----+---+-------+-----
  2 | M | {S,M} | f
(1 row)
UPDATE 1

> SELECT * FROM shirts ORDER BY id
 id | big | least | most
----+-----+-------+------
  1 | f   | {S}   | {L}
  2 | f   | {S}   | {L}
(2 rows)

# differs: PostgreSQL shows a cast of each element
> SELECT column_name, column_default FROM information_schema.columns WHERE table_name IN ('shirt', 'plain') AND column_default LIKE '%size%' ORDER BY table_name, ordinal_position
 column_name |       column_default
-------------+-----------------------------
 s           | 'near'::size
 s           | 'M'::far.size
 l           | ARRAY['S', 'M']::far.size[]
(3 rows)

> ALTER TABLE far.shirt ADD COLUMN extra size DEFAULT 'near'
ALTER TABLE

> SELECT s, extra FROM far.shirt ORDER BY id
 s | extra
---+-------
 M | near
 M | near
(2 rows)

# differs: PostgreSQL names the generated column and the view as well
> DROP TYPE far.size
ERROR 2BP01: cannot drop type far.size because other objects depend on it
DETAIL: column l of table far.shirt depends on type far.size[]
column s of table far.shirt depends on type far.size
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP TYPE size
ERROR 2BP01: cannot drop type size because other objects depend on it
DETAIL: column extra of table far.shirt depends on type size
column s of table plain depends on type size
HINT: Use DROP ... CASCADE to drop the dependent objects too.

# Names of types and of relations.

> CREATE TABLE size (a int)
ERROR 42710: type "size" already exists
HINT: A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.

> CREATE VIEW size AS SELECT 1 AS a
ERROR 42710: type "size" already exists
HINT: A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.

> CREATE SEQUENCE size
ERROR 42710: type "size" already exists
HINT: A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.

> CREATE TABLE sizes (a int)
CREATE TABLE

> ALTER TABLE sizes RENAME TO size
ERROR 42710: type "size" already exists

> CREATE TYPE far.sizes AS ENUM ('x')
CREATE TYPE

> ALTER TABLE sizes SET SCHEMA far
ERROR 42710: type "sizes" already exists in schema "far"

> CREATE TYPE sizes AS ENUM ('x')
ERROR 42710: type "sizes" already exists

> CREATE TYPE unquoted AS ENUM ('a', b)
ERROR 42601: syntax error at or near "b"
LINE 1: CREATE TYPE unquoted AS ENUM ('a', b)
                                           ^

> SELECT 'x'::"Size"
ERROR 42704: type "Size" does not exist
LINE 1: SELECT 'x'::"Size"
                    ^

> SELECT 'x'::far.nothing
ERROR 42704: type "far.nothing" does not exist
LINE 1: SELECT 'x'::far.nothing
                    ^

> SELECT 'x'::nowhere.size
ERROR 3F000: schema "nowhere" does not exist
LINE 1: SELECT 'x'::nowhere.size
                    ^

> SELECT 'near'::size(3)
ERROR 42601: type modifier is not allowed for type "size"
LINE 1: SELECT 'near'::size(3)
                       ^

> SELECT '_size'::regtype, 'far.size[]'::regtype, to_regtype('far._size')::regtype
 regtype |  regtype   | to_regtype
---------+------------+------------
 size[]  | far.size[] | far.size[]
(1 row)

# A column that is called as its type is not the type; a label of another default keeps its name.

> CREATE TYPE hue AS ENUM ('red', 'blue')
CREATE TYPE

> CREATE TABLE hued (hue hue CHECK (hue <> 'blue'), hues hue[] DEFAULT '{red}')
CREATE TABLE

> ALTER TYPE hue RENAME TO tint
ALTER TYPE

> BEGIN
BEGIN

# differs: the default is stored as a text, which has the label
> ALTER TYPE tint RENAME VALUE 'red' TO 'crimson'
ERROR 0A000: cannot rename enum label "red" because default value for column hues of table hued names it
HINT: Drop it, rename, and make it again: default value for column hues of table hued.

> ROLLBACK
ROLLBACK

> INSERT INTO hued VALUES ('red') RETURNING *
 hue | hues
-----+-------
 red | {red}
(1 row)
INSERT 0 1

# Arrays.

> SELECT ARRAY['red']::tint[] || 'blue'::tint, 'blue'::tint || ARRAY['red']::tint[], ARRAY['red']::tint[] || '{blue}', '{blue}' || ARRAY['red']::tint[]
  ?column?  |  ?column?  |  ?column?  |  ?column?
------------+------------+------------+------------
 {red,blue} | {blue,red} | {red,blue} | {blue,red}
(1 row)

> SELECT array_agg(l) FROM (VALUES ('{red,blue}'::tint[]), ('{blue,red}')) x(l)
        array_agg
-------------------------
 {{red,blue},{blue,red}}
(1 row)

> SELECT array_remove('{red,blue}'::tint[], 'red'), array_replace('{red,blue}'::tint[], 'red', 'blue')
 array_remove | array_replace
--------------+---------------
 {blue}       | {blue,blue}
(1 row)

# A label is no text to functions with words between their arguments, nor a number to frames.

# differs: PostgreSQL points at the function
> SELECT overlay('red'::tint placing 'b' from 1)
ERROR 42883: function pg_catalog.overlay(tint, unknown, integer) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

# differs: PostgreSQL points at the function
> SELECT substring('red'::tint from 'r')
ERROR 42883: function pg_catalog.substring(tint, unknown) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

# differs: PostgreSQL points at the function
> SELECT extract(hour FROM 'red'::tint)
ERROR 42883: function pg_catalog.extract(unknown, tint) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

# differs: PostgreSQL names the operator
> SELECT 'red'::tint SIMILAR TO 'r%'
ERROR 42883: type tint is no text here
LINE 1: SELECT 'red'::tint SIMILAR TO 'r%'
               ^
HINT: Cast the value to text.

# differs: PostgreSQL names the type of the offset as well
> SELECT count(*) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES ('red'::tint)) v(x)
ERROR 0A000: RANGE with offset PRECEDING/FOLLOWING is not supported for column type tint
LINE 1: SELECT count(*) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES ('red'::tint)) v(x)
                                                       ^
