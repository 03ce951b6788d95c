# Schemas: made, renamed and dropped, names with and without them, and what the catalogs show.

> CREATE SCHEMA ai

> CREATE SCHEMA ai

> CREATE SCHEMA IF NOT EXISTS ai

> CREATE SCHEMA pg_x

> CREATE SCHEMA s2 AUTHORIZATION current_user

> CREATE TABLE ai.t (id serial primary key, name text unique, n int check (n > 0))

> CREATE TABLE ai.t (id int)

> CREATE TABLE IF NOT EXISTS ai.t (id int)

> CREATE TABLE nosuch.t (id int)

> CREATE TABLE pg_catalog.t (id int)

> CREATE TABLE t (id int primary key, where_ text)

> INSERT INTO t VALUES (1,'public')

> INSERT INTO ai.t (name, n) VALUES ('a', 1), ('b', 2) RETURNING *

> INSERT INTO ai.t (name, n) VALUES ('a', 1)

> INSERT INTO ai.t (name, n) VALUES ('c', -1)

> SELECT * FROM t

> SELECT * FROM ai.t

> SELECT ai.t.name, t.n FROM ai.t WHERE ai.t.n > 1

> SELECT public.t.id FROM ai.t

> SELECT * FROM ai.t a JOIN t b ON a.id = b.id

> SELECT * FROM t JOIN ai.t x USING (id)

> SELECT * FROM nosuch.t

> INSERT INTO nosuch.t VALUES (1)

> UPDATE nosuch.t SET a = 1

> DELETE FROM ai.nosuch

> UPDATE ai.t SET n = n + 10 WHERE ai.t.id = 1 RETURNING ai.t.*

> DELETE FROM ai.t WHERE id = 2 RETURNING id

> CREATE INDEX ON ai.t (n)

> CREATE INDEX IF NOT EXISTS t_n_idx ON ai.t (n)

> CREATE INDEX t_n_idx ON t (where_)

> CREATE VIEW ai.v AS SELECT id, name FROM ai.t

> CREATE VIEW v AS SELECT * FROM ai.t WHERE n > 5

> SELECT * FROM ai.v

> SELECT * FROM v

> INSERT INTO ai.v (name) VALUES ('via view')

> SELECT ai.v.id FROM ai.v

> COMMENT ON TABLE ai.t IS 'tt'

> COMMENT ON COLUMN ai.t.name IS 'cc'

> COMMENT ON SCHEMA ai IS 'the schema'

> COMMENT ON INDEX ai.t_n_idx IS 'ii'

> CREATE TABLE ai.child (id int, t int references ai.t, tt int references ai.t (id) on delete cascade)

> INSERT INTO ai.child VALUES (1, 77, 1)

> TRUNCATE ai.t

> TRUNCATE ai.t CASCADE

> SHOW search_path

> SELECT current_schema(), current_schemas(true), current_schemas(false)

> SET search_path = ai, public

> SHOW search_path

> SELECT current_schema(), current_schemas(true)

> SELECT 't'::regclass, 'public.t'::regclass, 'ai.t'::regclass

> INSERT INTO t (name, n) VALUES ('path', 3)

> SELECT * FROM t

> SELECT * FROM public.t

> CREATE TABLE made_here (a int)

> SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('ai','public') ORDER BY 1, 2

> CREATE VIEW vv AS SELECT t.*, c.id AS cid FROM t LEFT JOIN child c ON c.t = t.id

> SELECT pg_get_viewdef('vv'::regclass)

> RESET search_path

> SELECT * FROM ai.vv

> SELECT 't'::regclass, 'ai.t'::regclass, 'ai.t_pkey'::regclass, to_regclass('ai.t') IS NULL, to_regclass('ai.nosuch') IS NULL, to_regclass('nosuch.t') IS NULL

> SELECT pg_get_serial_sequence('ai.t','id'), pg_table_is_visible('ai.t'::regclass), pg_table_is_visible('t'::regclass)

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'ai.child'::regclass ORDER BY 1

> SELECT pg_get_indexdef('ai.t_n_idx'::regclass)

> SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema IN ('ai','s2') ORDER BY 1, 2

> SELECT table_schema, table_name, column_name, column_default FROM information_schema.columns WHERE table_schema = 'ai' ORDER BY 2, ordinal_position

> SELECT nspname, relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'ai' ORDER BY 2

> SELECT schema_name FROM information_schema.schemata ORDER BY 1

> ALTER TABLE ai.t ADD COLUMN z int DEFAULT 4

> ALTER TABLE ai.t ALTER COLUMN z TYPE bigint

> ALTER TABLE ai.t RENAME COLUMN z TO zz

> ALTER TABLE ai.made_here RENAME TO made_there

> ALTER TABLE nosuch.t ADD COLUMN z int

> ALTER TABLE ai.nosuch ADD COLUMN z int

> ALTER TABLE IF EXISTS ai.nosuch ADD COLUMN z int

> DROP TABLE nosuch.t

> DROP TABLE IF EXISTS nosuch.t

> DROP TABLE ai.nosuch

> DROP INDEX ai.nosuch

> DROP INDEX ai.t_n_idx

> DROP SCHEMA ai

> DROP SCHEMA nosuch

> DROP SCHEMA IF EXISTS nosuch

> DROP SCHEMA pg_catalog

> ALTER SCHEMA s2 RENAME TO s3

> ALTER SCHEMA s3 RENAME TO ai

> ALTER SCHEMA nosuch RENAME TO x

> ALTER SCHEMA s3 OWNER TO CURRENT_USER

> DROP SCHEMA ai, s3 CASCADE

> SET search_path = nosuch, ai

> SHOW search_path

> RESET search_path

> CREATE SCHEMA one

> CREATE TABLE one.t (id int PRIMARY KEY, v text)

> INSERT INTO one.t VALUES (1, 'in one')

> ALTER TABLE one.t SET SCHEMA public

> ALTER TABLE IF EXISTS one.nosuch SET SCHEMA public

> CREATE TABLE one.t (LIKE public.memory)

> DROP TABLE one.t

> CREATE SCHEMA two

> CREATE TABLE two.parent (id int PRIMARY KEY)

> CREATE TABLE two.child (p int REFERENCES two.parent)

> SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'two.child'::regclass

> CREATE VIEW over_two AS SELECT * FROM two.parent

> DROP SCHEMA two

> DROP SCHEMA two RESTRICT

> DROP SCHEMA one, two CASCADE

> SELECT s.upper('x')

> SELECT one.upper('x')

> CREATE SCHEMA one

> SELECT one.upper('x')

> CREATE SCHEMA AUTHORIZATION nobody

> CREATE SCHEMA mine AUTHORIZATION nobody

> ALTER SCHEMA public RENAME TO other

> ALTER SCHEMA pg_catalog RENAME TO other

> DROP SCHEMA public

> SELECT * FROM networks

> SET search_path = nebulus, public

> SELECT * FROM networks

> CREATE TABLE t (a int)

> RESET search_path

> SELECT 'one'::regnamespace, to_regnamespace('nosuch') IS NULL, has_schema_privilege('one', 'create'), has_schema_privilege('pg_catalog', 'create')

> SET search_path = ''

> CREATE TABLE nowhere (a int)

> SELECT current_schema()

> SELECT * FROM t

> SELECT * FROM public.t
