# Privileges: owners, GRANT and REVOKE, and that they hold for statements of both languages.

> CREATE ROLE nr_own

> CREATE ROLE nr_read

> CREATE ROLE nr_write

> CREATE ROLE nr_none

> CREATE SCHEMA nr_s AUTHORIZATION nr_own

> SET ROLE nr_own

> CREATE TABLE nr_s.t (id int PRIMARY KEY, a text, b int CHECK (b < 100))

> INSERT INTO nr_s.t VALUES (1, 'one', 1), (2, 'two', 2)

> CREATE VIEW nr_s.v AS SELECT id, a FROM nr_s.t WHERE b > 1

> CREATE SEQUENCE nr_s.q

> CREATE TABLE public.nr_t (a int)

> CREATE SCHEMA nr_other

> SET ROLE nr_read

> SELECT * FROM nr_s.t

> SELECT 1 FROM nr_s.v

> RESET ROLE

> GRANT USAGE ON SCHEMA nr_s TO nr_read, nr_write, nr_none

> SET ROLE nr_read

> SELECT * FROM nr_s.t

> EXPLAIN SELECT * FROM nr_s.t

> SELECT * FROM nr_s.v

> WITH x AS (SELECT * FROM nr_s.t) SELECT 1

> SELECT (SELECT count(*) FROM nr_s.t)

> COPY nr_s.t TO STDOUT

> COPY (SELECT a FROM nr_s.t) TO STDOUT

> DECLARE c CURSOR WITH HOLD FOR SELECT * FROM nr_s.t

> INSERT INTO nr_s.t VALUES (3)

> UPDATE nr_s.t SET a = 'x'

> DELETE FROM nr_s.t

> TRUNCATE nr_s.t

> MERGE INTO nr_s.t USING (SELECT 1 AS id) s ON s.id = nr_s.t.id WHEN MATCHED THEN DELETE

> SELECT * FROM nr_s.t FOR UPDATE

> CREATE TABLE nr_s.mine (a int)

> CREATE TEMP TABLE nr_copy AS SELECT * FROM nr_s.t

> CREATE INDEX ON nr_s.t (a)

> ALTER TABLE nr_s.t ADD COLUMN c int

> ALTER TABLE nr_s.t RENAME TO u

> DROP TABLE nr_s.t

> DROP VIEW nr_s.v

> DROP SEQUENCE nr_s.q

> DROP SCHEMA nr_s

> COMMENT ON TABLE nr_s.t IS 'x'

> GRANT SELECT ON nr_s.t TO nr_none

> SELECT nextval('nr_s.q')

> SELECT last_value FROM nr_s.q

> CREATE TEMP TABLE nr_child (id int REFERENCES nr_s.t)

> CREATE TEMP TABLE nr_mine (a int)

> INSERT INTO nr_mine VALUES (1)

> SELECT * FROM nr_mine

> DROP TABLE nr_mine

# What is granted, is allowed, and nothing besides.

> SET ROLE nr_own

> GRANT SELECT ON nr_s.t TO nr_read WITH GRANT OPTION

> GRANT INSERT, UPDATE ON nr_s.t TO nr_write

> GRANT SELECT ON nr_s.v TO nr_none

> GRANT USAGE ON SEQUENCE nr_s.q TO nr_write

> SELECT relname, relacl FROM pg_class c WHERE relnamespace = 'nr_s'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1

> SELECT nspacl FROM pg_namespace WHERE nspname = 'nr_s'

> SELECT has_table_privilege('nr_read', 'nr_s.t', 'select') AS r, has_table_privilege('nr_read', 'nr_s.t', 'select with grant option') AS g, has_table_privilege('nr_write', 'nr_s.t', 'select') AS w, has_table_privilege('nr_none', 'nr_s.v', 'select') AS v, has_schema_privilege('nr_read', 'nr_s', 'create') AS c, has_sequence_privilege('nr_write', 'nr_s.q', 'usage') AS q

> SELECT grantor, grantee, table_name, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_schema = 'nr_s' AND grantee <> 'nr_own' ORDER BY 3, 2, 4

> SET ROLE nr_none

> SELECT * FROM nr_s.v

> SELECT * FROM nr_s.t

> SET ROLE nr_read

> SELECT * FROM nr_s.t ORDER BY 1

> SELECT * FROM nr_s.v

> UPDATE nr_s.t SET a = a WHERE id = 1

> GRANT SELECT ON nr_s.t TO nr_none

> GRANT INSERT ON nr_s.t TO nr_none

> GRANT ALL ON nr_s.t TO nr_none

> REVOKE SELECT ON nr_s.t FROM nr_own

> SET ROLE nr_own

> REVOKE SELECT ON nr_s.t FROM nr_read

> REVOKE SELECT ON nr_s.t FROM nr_read CASCADE

> SELECT relacl FROM pg_class WHERE relname = 't' AND relnamespace = 'nr_s'::regnamespace

> SET ROLE nr_write

> INSERT INTO nr_s.t VALUES (3, 'three', 3)

> INSERT INTO nr_s.t VALUES (3, 'three', 3) RETURNING id

> INSERT INTO nr_s.t VALUES (3, 'x', 3) ON CONFLICT DO NOTHING

> INSERT INTO nr_s.t VALUES (3, 'x', 3) ON CONFLICT (id) DO UPDATE SET a = 'y'

> UPDATE nr_s.t SET a = 'all'

> UPDATE nr_s.t SET a = 'x' WHERE id = 1

> UPDATE nr_s.t SET a = a || 'x'

> UPDATE nr_s.t SET b = 1000

> UPDATE nr_s.t SET a = 'x' RETURNING *

> SELECT nextval('nr_s.q')

> SELECT currval('nr_s.q')

> SELECT setval('nr_s.q', 10)

# Prepared before it is taken back.

> RESET ROLE

> GRANT SELECT ON nr_s.t TO nr_read

> SET ROLE nr_read

> PREPARE p AS SELECT count(*) FROM nr_s.t

> EXECUTE p

> RESET ROLE

> REVOKE ALL ON nr_s.t FROM nr_read

> SET ROLE nr_read

> EXECUTE p

> DEALLOCATE p

# Owners.

> RESET ROLE

> ALTER TABLE nr_s.t OWNER TO nr_write

> ALTER VIEW nr_s.v OWNER TO nr_none

> SELECT tableowner FROM pg_tables WHERE schemaname = 'nr_s'

> SELECT viewowner FROM pg_views WHERE schemaname = 'nr_s'

> SELECT relacl FROM pg_class WHERE relname = 't' AND relnamespace = 'nr_s'::regnamespace

> SET ROLE nr_none

> SELECT * FROM nr_s.v

> SET ROLE nr_write

> ALTER TABLE nr_s.t OWNER TO nr_own

> SELECT count(*) FROM nr_s.t

> RESET ROLE

> ALTER TABLE nr_s.t OWNER TO nr_nobody

> DROP ROLE nr_write

> REASSIGN OWNED BY nr_write TO nr_own

> DROP OWNED BY nr_write

> DROP ROLE nr_write

> GRANT SELECT ON ALL TABLES IN SCHEMA nr_s TO nr_read

> GRANT ALL ON ALL SEQUENCES IN SCHEMA nr_s TO PUBLIC

> SELECT relname, relacl FROM pg_class c WHERE relnamespace = 'nr_s'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1

> GRANT SELECT ON nr_s.t TO PUBLIC WITH GRANT OPTION

> GRANT EXECUTE ON nr_s.t TO nr_read

> GRANT NONSENSE ON nr_s.t TO nr_read

> GRANT SELECT ON nr_s.nosuch TO nr_read

> GRANT SELECT ON nr_s.t TO nr_nobody

> DROP SCHEMA nr_s CASCADE

> DROP ROLE nr_own, nr_read, nr_none
