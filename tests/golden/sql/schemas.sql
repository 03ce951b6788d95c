# Schemas: made, renamed and dropped, names with and without them, and what the catalogs show.

> CREATE SCHEMA ai
CREATE SCHEMA

> CREATE SCHEMA ai
ERROR 42P06: schema "ai" already exists

> CREATE SCHEMA IF NOT EXISTS ai
NOTICE: schema "ai" already exists, skipping
CREATE SCHEMA

> CREATE SCHEMA pg_x
ERROR 42939: unacceptable schema name "pg_x"
DETAIL: The prefix "pg_" is reserved for system schemas.

> CREATE SCHEMA s2 AUTHORIZATION current_user
CREATE SCHEMA

> CREATE TABLE ai.t (id serial primary key, name text unique, n int check (n > 0))
CREATE TABLE

> CREATE TABLE ai.t (id int)
ERROR 42P07: relation "t" already exists

> CREATE TABLE IF NOT EXISTS ai.t (id int)
NOTICE: relation "t" already exists, skipping
CREATE TABLE

> CREATE TABLE nosuch.t (id int)
ERROR 3F000: schema "nosuch" does not exist
LINE 1: CREATE TABLE nosuch.t (id int)
                     ^

> CREATE TABLE pg_catalog.t (id int)
ERROR 42501: permission denied for schema pg_catalog
LINE 1: CREATE TABLE pg_catalog.t (id int)
                     ^

> CREATE TABLE t (id int primary key, where_ text)
CREATE TABLE

> INSERT INTO t VALUES (1,'public')
INSERT 0 1

> INSERT INTO ai.t (name, n) VALUES ('a', 1), ('b', 2) RETURNING *
 id | name | n
----+------+---
  1 | a    | 1
  2 | b    | 2
(2 rows)
INSERT 0 2

> INSERT INTO ai.t (name, n) VALUES ('a', 1)
ERROR 23505: duplicate key value violates unique constraint "t_name_key"
DETAIL: Key (name)=(a) already exists.

> INSERT INTO ai.t (name, n) VALUES ('c', -1)
ERROR 23514: new row for relation "t" violates check constraint "t_n_check"
DETAIL: Failing row contains (4, c, -1).

> SELECT * FROM t
 id | where_
----+--------
  1 | public
(1 row)

> SELECT * FROM ai.t
 id | name | n
----+------+---
  1 | a    | 1
  2 | b    | 2
(2 rows)

> SELECT ai.t.name, t.n FROM ai.t WHERE ai.t.n > 1
 name | n
------+---
 b    | 2
(1 row)

> SELECT public.t.id FROM ai.t
ERROR 42P01: missing FROM-clause entry for table "t"
LINE 1: SELECT public.t.id FROM ai.t
               ^

> SELECT * FROM ai.t a JOIN t b ON a.id = b.id
 id | name | n | id | where_
----+------+---+----+--------
  1 | a    | 1 |  1 | public
(1 row)

> SELECT * FROM t JOIN ai.t x USING (id)
 id | where_ | name | n
----+--------+------+---
  1 | public | a    | 1
(1 row)

> SELECT * FROM nosuch.t
ERROR 42P01: relation "nosuch.t" does not exist
LINE 1: SELECT * FROM nosuch.t
                      ^

> INSERT INTO nosuch.t VALUES (1)
ERROR 42P01: relation "nosuch.t" does not exist
LINE 1: INSERT INTO nosuch.t VALUES (1)
                    ^

> UPDATE nosuch.t SET a = 1
ERROR 42P01: relation "nosuch.t" does not exist
LINE 1: UPDATE nosuch.t SET a = 1
               ^

> DELETE FROM ai.nosuch
ERROR 42P01: relation "ai.nosuch" does not exist
LINE 1: DELETE FROM ai.nosuch
                    ^

> UPDATE ai.t SET n = n + 10 WHERE ai.t.id = 1 RETURNING ai.t.*
 id | name | n
----+------+----
  1 | a    | 11
(1 row)
UPDATE 1

> DELETE FROM ai.t WHERE id = 2 RETURNING id
 id
----
  2
(1 row)
DELETE 1

> CREATE INDEX ON ai.t (n)
CREATE INDEX

> CREATE INDEX IF NOT EXISTS t_n_idx ON ai.t (n)
NOTICE: relation "t_n_idx" already exists, skipping
CREATE INDEX

> CREATE INDEX t_n_idx ON t (where_)
CREATE INDEX

> CREATE VIEW ai.v AS SELECT id, name FROM ai.t
CREATE VIEW

> CREATE VIEW v AS SELECT * FROM ai.t WHERE n > 5
CREATE VIEW

> SELECT * FROM ai.v
 id | name
----+------
  1 | a
(1 row)

> SELECT * FROM v
 id | name | n
----+------+----
  1 | a    | 11
(1 row)

> INSERT INTO ai.v (name) VALUES ('via view')
INSERT 0 1

> SELECT ai.v.id FROM ai.v
 id
----
  1
  5
(2 rows)

> COMMENT ON TABLE ai.t IS 'tt'
COMMENT

> COMMENT ON COLUMN ai.t.name IS 'cc'
COMMENT

> COMMENT ON SCHEMA ai IS 'the schema'
COMMENT

> COMMENT ON INDEX ai.t_n_idx IS 'ii'
COMMENT

> CREATE TABLE ai.child (id int, t int references ai.t, tt int references ai.t (id) on delete cascade)
CREATE TABLE

> INSERT INTO ai.child VALUES (1, 77, 1)
ERROR 23503: insert or update on table "child" violates foreign key constraint "child_t_fkey"
DETAIL: Key (t)=(77) is not present in table "t".

> TRUNCATE ai.t
ERROR 0A000: cannot truncate a table referenced in a foreign key constraint
DETAIL: Table "child" references "t".
HINT: Truncate table "child" at the same time, or use TRUNCATE ... CASCADE.

> TRUNCATE ai.t CASCADE
NOTICE: truncate cascades to table "child"
TRUNCATE TABLE

> SHOW search_path
   search_path
-----------------
 "$user", public
(1 row)

> SELECT current_schema(), current_schemas(true), current_schemas(false)
 current_schema |   current_schemas   | current_schemas
----------------+---------------------+-----------------
 public         | {pg_catalog,public} | {public}
(1 row)

> SET search_path = ai, public
SET

> SHOW search_path
 search_path
-------------
 ai, public
(1 row)

> SELECT current_schema(), current_schemas(true)
 current_schema |    current_schemas
----------------+------------------------
 ai             | {pg_catalog,ai,public}
(1 row)

> SELECT 't'::regclass, 'public.t'::regclass, 'ai.t'::regclass
 regclass | regclass | regclass
----------+----------+----------
 t        | public.t | t
(1 row)

> INSERT INTO t (name, n) VALUES ('path', 3)
INSERT 0 1

> SELECT * FROM t
 id | name | n
----+------+---
  6 | path | 3
(1 row)

> SELECT * FROM public.t
 id | where_
----+--------
  1 | public
(1 row)

> CREATE TABLE made_here (a int)
CREATE TABLE

> SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('ai','public') ORDER BY 1, 2
 schemaname | tablename
------------+-----------
 ai         | child
 ai         | made_here
 ai         | t
 public     | auth
 public     | memory
 public     | t
(6 rows)

> CREATE VIEW vv AS SELECT t.*, c.id AS cid FROM t LEFT JOIN child c ON c.t = t.id
CREATE VIEW

> SELECT pg_get_viewdef('vv'::regclass)
                                    pg_get_viewdef
--------------------------------------------------------------------------------------
  SELECT t.id, t.name, t.n, c.id AS cid FROM ai.t LEFT JOIN ai.child c ON c.t = t.id;
(1 row)

> RESET search_path
RESET

> SELECT * FROM ai.vv
 id | name | n | cid
----+------+---+------
  6 | path | 3 | NULL
(1 row)

> SELECT 't'::regclass, 'ai.t'::regclass, 'ai.t_pkey'::regclass, to_regclass('ai.t') IS NULL, to_regclass('ai.nosuch') IS NULL, to_regclass('nosuch.t') IS NULL
 regclass | regclass | regclass  | ?column? | ?column? | ?column?
----------+----------+-----------+----------+----------+----------
 t        | ai.t     | ai.t_pkey | f        | t        | t
(1 row)

> SELECT pg_get_serial_sequence('ai.t','id'), pg_table_is_visible('ai.t'::regclass), pg_table_is_visible('t'::regclass)
 pg_get_serial_sequence | pg_table_is_visible | pg_table_is_visible
------------------------+---------------------+---------------------
 ai.t_id_seq            | f                   | t
(1 row)

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'ai.child'::regclass ORDER BY 1
                  pg_get_constraintdef
--------------------------------------------------------
 FOREIGN KEY (t) REFERENCES ai.t(id)
 FOREIGN KEY (tt) REFERENCES ai.t(id) ON DELETE CASCADE
(2 rows)

> SELECT pg_get_indexdef('ai.t_n_idx'::regclass)
               pg_get_indexdef
----------------------------------------------
 CREATE INDEX t_n_idx ON ai.t USING btree (n)
(1 row)

> SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema IN ('ai','s2') ORDER BY 1, 2
 table_schema | table_name | table_type
--------------+------------+------------
 ai           | child      | BASE TABLE
 ai           | made_here  | BASE TABLE
 ai           | t          | BASE TABLE
 ai           | v          | VIEW
 ai           | vv         | VIEW
(5 rows)

> SELECT table_schema, table_name, column_name, column_default FROM information_schema.columns WHERE table_schema = 'ai' ORDER BY 2, ordinal_position
 table_schema | table_name | column_name |          column_default
--------------+------------+-------------+----------------------------------
 ai           | child      | id          | NULL
 ai           | child      | t           | NULL
 ai           | child      | tt          | NULL
 ai           | made_here  | a           | NULL
 ai           | t          | id          | nextval('ai.t_id_seq'::regclass)
 ai           | t          | name        | NULL
 ai           | t          | n           | NULL
 ai           | v          | id          | NULL
 ai           | v          | name        | NULL
 ai           | vv         | id          | NULL
 ai           | vv         | name        | NULL
 ai           | vv         | n           | NULL
 ai           | vv         | cid         | NULL
(13 rows)

> SELECT nspname, relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'ai' ORDER BY 2
 nspname |  relname   | relkind
---------+------------+---------
 ai      | child      | r
 ai      | made_here  | r
 ai      | t          | r
 ai      | t_id_seq   | S
 ai      | t_n_idx    | i
 ai      | t_name_key | i
 ai      | t_pkey     | i
 ai      | v          | v
 ai      | vv         | v
(9 rows)

> SELECT schema_name FROM information_schema.schemata ORDER BY 1
    schema_name
--------------------
 ai
 information_schema
 nebulus
 pg_catalog
 public
 s2
(6 rows)

> ALTER TABLE ai.t ADD COLUMN z int DEFAULT 4
ALTER TABLE

> ALTER TABLE ai.t ALTER COLUMN z TYPE bigint
ALTER TABLE

> ALTER TABLE ai.t RENAME COLUMN z TO zz
ALTER TABLE

> ALTER TABLE ai.made_here RENAME TO made_there
ALTER TABLE

> ALTER TABLE nosuch.t ADD COLUMN z int
ERROR 3F000: schema "nosuch" does not exist
LINE 1: ALTER TABLE nosuch.t ADD COLUMN z int
                    ^

> ALTER TABLE ai.nosuch ADD COLUMN z int
ERROR 42P01: relation "ai.nosuch" does not exist
LINE 1: ALTER TABLE ai.nosuch ADD COLUMN z int
                    ^

> ALTER TABLE IF EXISTS ai.nosuch ADD COLUMN z int
NOTICE: relation "nosuch" does not exist, skipping
ALTER TABLE

> DROP TABLE nosuch.t
ERROR 3F000: schema "nosuch" does not exist
LINE 1: DROP TABLE nosuch.t
                   ^

> DROP TABLE IF EXISTS nosuch.t
NOTICE: schema "nosuch" does not exist, skipping
DROP TABLE

> DROP TABLE ai.nosuch
ERROR 42P01: table "nosuch" does not exist
LINE 1: DROP TABLE ai.nosuch
                   ^

> DROP INDEX ai.nosuch
ERROR 42704: index "nosuch" does not exist
LINE 1: DROP INDEX ai.nosuch
                   ^

> DROP INDEX ai.t_n_idx
DROP INDEX

> DROP SCHEMA ai
ERROR 2BP01: cannot drop schema ai because other objects depend on it
DETAIL: table ai.t depends on schema ai
view ai.v depends on schema ai
view v depends on table ai.t
table ai.child depends on schema ai
table ai.made_there depends on schema ai
view ai.vv depends on schema ai
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA nosuch
ERROR 3F000: schema "nosuch" does not exist

> DROP SCHEMA IF EXISTS nosuch
NOTICE: schema "nosuch" does not exist, skipping
DROP SCHEMA

> DROP SCHEMA pg_catalog
ERROR 2BP01: cannot drop schema pg_catalog because it is required by the database system

> ALTER SCHEMA s2 RENAME TO s3
ALTER SCHEMA

> ALTER SCHEMA s3 RENAME TO ai
ERROR 42P06: schema "ai" already exists

> ALTER SCHEMA nosuch RENAME TO x
ERROR 3F000: schema "nosuch" does not exist

> ALTER SCHEMA s3 OWNER TO CURRENT_USER
ALTER SCHEMA

> DROP SCHEMA ai, s3 CASCADE
NOTICE: drop cascades to 6 other objects
DROP SCHEMA

> SET search_path = nosuch, ai
SET

> SHOW search_path
 search_path
-------------
 nosuch, ai
(1 row)

> RESET search_path
RESET

> CREATE SCHEMA one
CREATE SCHEMA

> CREATE TABLE one.t (id int PRIMARY KEY, v text)
CREATE TABLE

> INSERT INTO one.t VALUES (1, 'in one')
INSERT 0 1

> ALTER TABLE one.t SET SCHEMA public
ERROR 42P07: relation "t" already exists in schema "public"

> ALTER TABLE IF EXISTS one.nosuch SET SCHEMA public
NOTICE: relation "nosuch" does not exist, skipping
ALTER TABLE

> CREATE TABLE one.t (LIKE public.memory)
ERROR 42P07: relation "t" already exists

> DROP TABLE one.t
DROP TABLE

> CREATE SCHEMA two
CREATE SCHEMA

> CREATE TABLE two.parent (id int PRIMARY KEY)
CREATE TABLE

> CREATE TABLE two.child (p int REFERENCES two.parent)
CREATE TABLE

> SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'two.child'::regclass
   conname    |           pg_get_constraintdef
--------------+-------------------------------------------
 child_p_fkey | FOREIGN KEY (p) REFERENCES two.parent(id)
(1 row)

> CREATE VIEW over_two AS SELECT * FROM two.parent
CREATE VIEW

> DROP SCHEMA two
ERROR 2BP01: cannot drop schema two because other objects depend on it
DETAIL: table two.parent depends on schema two
table two.child depends on schema two
view over_two depends on table two.parent
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA two RESTRICT
ERROR 2BP01: cannot drop schema two because other objects depend on it
DETAIL: table two.parent depends on schema two
table two.child depends on schema two
view over_two depends on table two.parent
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP SCHEMA one, two CASCADE
NOTICE: drop cascades to 3 other objects
DROP SCHEMA

> SELECT s.upper('x')
ERROR 3F000: schema "s" does not exist
LINE 1: SELECT s.upper('x')
               ^

> SELECT one.upper('x')
ERROR 3F000: schema "one" does not exist
LINE 1: SELECT one.upper('x')
               ^

> CREATE SCHEMA one
CREATE SCHEMA

> SELECT one.upper('x')
ERROR 42883: function upper(unknown) does not exist
LINE 1: SELECT one.upper('x')
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> CREATE SCHEMA AUTHORIZATION nobody
ERROR 42704: role "nobody" does not exist

> CREATE SCHEMA mine AUTHORIZATION nobody
ERROR 42704: role "nobody" does not exist

> ALTER SCHEMA public RENAME TO other
ERROR 0A000: schema public keeps its name
HINT: Make a schema of your own with CREATE SCHEMA.

> ALTER SCHEMA pg_catalog RENAME TO other
ERROR 2BP01: cannot change schema pg_catalog because it is required by the database system

> DROP SCHEMA public
ERROR 0A000: schema public cannot be dropped
HINT: Make a schema of your own with CREATE SCHEMA.

> SELECT * FROM networks
ERROR 42P01: relation "networks" does not exist
LINE 1: SELECT * FROM networks
                      ^

> SET search_path = nebulus, public
SET

> SELECT * FROM networks
 name | epoch | founder | owners | is_owner | options | bootstrap | collections | rights | excused | connected_peers | total_peers | staged | last_sync | sync_in_progress | last_error | schema_conflicts | leaving
------+-------+---------+--------+----------+---------+-----------+-------------+--------+---------+-----------------+-------------+--------+-----------+------------------+------------+------------------+---------
(0 rows)

> CREATE TABLE t (a int)
ERROR 42501: permission denied for schema nebulus
LINE 1: CREATE TABLE t (a int)
                     ^

> RESET search_path
RESET

> SELECT 'one'::regnamespace, to_regnamespace('nosuch') IS NULL, has_schema_privilege('one', 'create'), has_schema_privilege('pg_catalog', 'create')
 regnamespace | ?column? | has_schema_privilege | has_schema_privilege
--------------+----------+----------------------+----------------------
 one          | t        | t                    | f
(1 row)

> SET search_path = ''
SET

> CREATE TABLE nowhere (a int)
ERROR 3F000: no schema has been selected to create in
LINE 1: CREATE TABLE nowhere (a int)
                     ^

> SELECT current_schema()
 current_schema
----------------
 NULL
(1 row)

> SELECT * FROM t
ERROR 42P01: relation "t" does not exist
LINE 1: SELECT * FROM t
                      ^

> SELECT * FROM public.t
 id | where_
----+--------
  1 | public
(1 row)
