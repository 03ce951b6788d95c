# Privileges: owners, GRANT and REVOKE, and that they hold for statements of both languages.

> CREATE ROLE nr_own
CREATE ROLE

> CREATE ROLE nr_read
CREATE ROLE

> CREATE ROLE nr_write
CREATE ROLE

> CREATE ROLE nr_none
CREATE ROLE

> CREATE SCHEMA nr_s AUTHORIZATION nr_own
CREATE SCHEMA

> SET ROLE nr_own
SET

> CREATE TABLE nr_s.t (id int PRIMARY KEY, a text, b int CHECK (b < 100))
CREATE TABLE

> INSERT INTO nr_s.t VALUES (1, 'one', 1), (2, 'two', 2)
INSERT 0 2

> CREATE VIEW nr_s.v AS SELECT id, a FROM nr_s.t WHERE b > 1
CREATE VIEW

> CREATE SEQUENCE nr_s.q
CREATE SEQUENCE

> CREATE TABLE public.nr_t (a int)
ERROR 42501: permission denied for schema public

> CREATE SCHEMA nr_other
ERROR 42501: permission denied for database nebulus

> SET ROLE nr_read
SET

> SELECT * FROM nr_s.t
ERROR 42501: permission denied for schema nr_s

> SELECT 1 FROM nr_s.v
ERROR 42501: permission denied for schema nr_s

> RESET ROLE
RESET

> GRANT USAGE ON SCHEMA nr_s TO nr_read, nr_write, nr_none
GRANT

> SET ROLE nr_read
SET

> SELECT * FROM nr_s.t
ERROR 42501: permission denied for table t

> EXPLAIN SELECT * FROM nr_s.t
ERROR 42501: permission denied for table t

> SELECT * FROM nr_s.v
ERROR 42501: permission denied for view v

> WITH x AS (SELECT * FROM nr_s.t) SELECT 1
ERROR 42501: permission denied for table t

> SELECT (SELECT count(*) FROM nr_s.t)
ERROR 42501: permission denied for table t

> COPY nr_s.t TO STDOUT
ERROR 42501: permission denied for table t

> COPY (SELECT a FROM nr_s.t) TO STDOUT
ERROR 42501: permission denied for table t

> DECLARE c CURSOR WITH HOLD FOR SELECT * FROM nr_s.t
ERROR 42501: permission denied for table t

> INSERT INTO nr_s.t VALUES (3)
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET a = 'x'
ERROR 42501: permission denied for table t

> DELETE FROM nr_s.t
ERROR 42501: permission denied for table t

> TRUNCATE nr_s.t
ERROR 42501: permission denied for table t

> MERGE INTO nr_s.t USING (SELECT 1 AS id) s ON s.id = nr_s.t.id WHEN MATCHED THEN DELETE
ERROR 42501: permission denied for table t

> SELECT * FROM nr_s.t FOR UPDATE
ERROR 42501: permission denied for table t

> CREATE TABLE nr_s.mine (a int)
ERROR 42501: permission denied for schema nr_s

> CREATE TEMP TABLE nr_copy AS SELECT * FROM nr_s.t
ERROR 42501: permission denied for table t

> CREATE INDEX ON nr_s.t (a)
ERROR 42501: must be owner of table t

> ALTER TABLE nr_s.t ADD COLUMN c int
ERROR 42501: must be owner of table t

> ALTER TABLE nr_s.t RENAME TO u
ERROR 42501: must be owner of table t

> DROP TABLE nr_s.t
ERROR 42501: must be owner of table t

> DROP VIEW nr_s.v
ERROR 42501: must be owner of view v

> DROP SEQUENCE nr_s.q
ERROR 42501: must be owner of sequence q

> DROP SCHEMA nr_s
ERROR 42501: must be owner of schema nr_s

> COMMENT ON TABLE nr_s.t IS 'x'
ERROR 42501: must be owner of table t

> GRANT SELECT ON nr_s.t TO nr_none
ERROR 42501: permission denied for table t

> SELECT nextval('nr_s.q')
ERROR 42501: permission denied for sequence q

> SELECT last_value FROM nr_s.q
ERROR 42501: permission denied for sequence q

> CREATE TEMP TABLE nr_child (id int REFERENCES nr_s.t)
ERROR 42501: permission denied for table t

> CREATE TEMP TABLE nr_mine (a int)
CREATE TABLE

> INSERT INTO nr_mine VALUES (1)
INSERT 0 1

> SELECT * FROM nr_mine
 a
---
 1
(1 row)

> DROP TABLE nr_mine
DROP TABLE

# What is granted, is allowed, and nothing besides.

> SET ROLE nr_own
SET

> GRANT SELECT ON nr_s.t TO nr_read WITH GRANT OPTION
GRANT

> GRANT INSERT, UPDATE ON nr_s.t TO nr_write
GRANT

> GRANT SELECT ON nr_s.v TO nr_none
GRANT

> GRANT USAGE ON SEQUENCE nr_s.q TO nr_write
GRANT

> SELECT relname, relacl FROM pg_class c WHERE relnamespace = 'nr_s'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1
 relname |                            relacl
---------+---------------------------------------------------------------
 q       | {nr_own=rwU/nr_own,nr_write=U/nr_own}
 t       | {nr_own=arwdDxtm/nr_own,nr_read=r*/nr_own,nr_write=aw/nr_own}
 v       | {nr_own=arwdDxtm/nr_own,nr_none=r/nr_own}
(3 rows)

> SELECT nspacl FROM pg_namespace WHERE nspname = 'nr_s'
                                 nspacl
------------------------------------------------------------------------
 {nr_own=UC/nr_own,nr_read=U/nr_own,nr_write=U/nr_own,nr_none=U/nr_own}
(1 row)

> SELECT has_table_privilege('nr_read', 'nr_s.t', 'select') AS r, has_table_privilege('nr_read', 'nr_s.t', 'select with grant option') AS g, has_table_privilege('nr_write', 'nr_s.t', 'select') AS w, has_table_privilege('nr_none', 'nr_s.v', 'select') AS v, has_schema_privilege('nr_read', 'nr_s', 'create') AS c, has_sequence_privilege('nr_write', 'nr_s.q', 'usage') AS q
 r | g | w | v | c | q
---+---+---+---+---+---
 t | t | f | t | f | t
(1 row)

> SELECT grantor, grantee, table_name, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_schema = 'nr_s' AND grantee <> 'nr_own' ORDER BY 3, 2, 4
 grantor | grantee  | table_name | privilege_type | is_grantable
---------+----------+------------+----------------+--------------
 nr_own  | nr_read  | t          | SELECT         | YES
 nr_own  | nr_write | t          | INSERT         | NO
 nr_own  | nr_write | t          | UPDATE         | NO
 nr_own  | nr_none  | v          | SELECT         | NO
(4 rows)

> SET ROLE nr_none
SET

> SELECT * FROM nr_s.v
 id |  a
----+-----
  2 | two
(1 row)

> SELECT * FROM nr_s.t
ERROR 42501: permission denied for table t

> SET ROLE nr_read
SET

> SELECT * FROM nr_s.t ORDER BY 1
 id |  a  | b
----+-----+---
  1 | one | 1
  2 | two | 2
(2 rows)

> SELECT * FROM nr_s.v
ERROR 42501: permission denied for view v

> UPDATE nr_s.t SET a = a WHERE id = 1
ERROR 42501: permission denied for table t

> GRANT SELECT ON nr_s.t TO nr_none
GRANT

> GRANT INSERT ON nr_s.t TO nr_none
WARNING: no privileges were granted for "t"
GRANT

> GRANT ALL ON nr_s.t TO nr_none
GRANT

> REVOKE SELECT ON nr_s.t FROM nr_own
REVOKE

> SET ROLE nr_own
SET

> REVOKE SELECT ON nr_s.t FROM nr_read
ERROR 2BP01: dependent privileges exist
HINT: Use CASCADE to revoke them too.

> REVOKE SELECT ON nr_s.t FROM nr_read CASCADE
REVOKE

> SELECT relacl FROM pg_class WHERE relname = 't' AND relnamespace = 'nr_s'::regnamespace
                   relacl
---------------------------------------------
 {nr_own=arwdDxtm/nr_own,nr_write=aw/nr_own}
(1 row)

> SET ROLE nr_write
SET

> INSERT INTO nr_s.t VALUES (3, 'three', 3)
INSERT 0 1

> INSERT INTO nr_s.t VALUES (3, 'three', 3) RETURNING id
ERROR 42501: permission denied for table t

> INSERT INTO nr_s.t VALUES (3, 'x', 3) ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO nr_s.t VALUES (3, 'x', 3) ON CONFLICT (id) DO UPDATE SET a = 'y'
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET a = 'all'
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET a = 'x' WHERE id = 1
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET a = a || 'x'
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET b = 1000
ERROR 42501: permission denied for table t

> UPDATE nr_s.t SET a = 'x' RETURNING *
ERROR 42501: permission denied for table t

> SELECT nextval('nr_s.q')
 nextval
---------
       1
(1 row)

> SELECT currval('nr_s.q')
 currval
---------
       1
(1 row)

> SELECT setval('nr_s.q', 10)
ERROR 42501: permission denied for sequence q

# Prepared before it is taken back.

> RESET ROLE
RESET

> GRANT SELECT ON nr_s.t TO nr_read
GRANT

> SET ROLE nr_read
SET

> PREPARE p AS SELECT count(*) FROM nr_s.t
PREPARE

> EXECUTE p
 count
-------
     3
(1 row)

> RESET ROLE
RESET

> REVOKE ALL ON nr_s.t FROM nr_read
REVOKE

> SET ROLE nr_read
SET

> EXECUTE p
ERROR 42501: permission denied for table t

> DEALLOCATE p
DEALLOCATE

# Owners.

> RESET ROLE
RESET

> ALTER TABLE nr_s.t OWNER TO nr_write
ALTER TABLE

> ALTER VIEW nr_s.v OWNER TO nr_none
ALTER VIEW

> SELECT tableowner FROM pg_tables WHERE schemaname = 'nr_s'
 tableowner
------------
 nr_write
(1 row)

> SELECT viewowner FROM pg_views WHERE schemaname = 'nr_s'
 viewowner
-----------
 nr_none
(1 row)

> SELECT relacl FROM pg_class WHERE relname = 't' AND relnamespace = 'nr_s'::regnamespace
            relacl
------------------------------
 {nr_write=arwdDxtm/nr_write}
(1 row)

> SET ROLE nr_none
SET

> SELECT * FROM nr_s.v
ERROR 42501: permission denied for table t

> SET ROLE nr_write
SET

> ALTER TABLE nr_s.t OWNER TO nr_own
ERROR 42501: must be able to SET ROLE "nr_own"

> SELECT count(*) FROM nr_s.t
 count
-------
     3
(1 row)

> RESET ROLE
RESET

> ALTER TABLE nr_s.t OWNER TO nr_nobody
ERROR 42704: role "nr_nobody" does not exist

> DROP ROLE nr_write
ERROR 2BP01: role "nr_write" cannot be dropped because some objects depend on it
DETAIL: privileges for schema nr_s
owner of table t
privileges for sequence q

> REASSIGN OWNED BY nr_write TO nr_own
REASSIGN OWNED

> DROP OWNED BY nr_write
DROP OWNED

> DROP ROLE nr_write
DROP ROLE

> GRANT SELECT ON ALL TABLES IN SCHEMA nr_s TO nr_read
GRANT

> GRANT ALL ON ALL SEQUENCES IN SCHEMA nr_s TO PUBLIC
GRANT

> SELECT relname, relacl FROM pg_class c WHERE relnamespace = 'nr_s'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1
 relname |                    relacl
---------+----------------------------------------------
 q       | {nr_own=rwU/nr_own,=rwU/nr_own}
 t       | {nr_own=arwdDxtm/nr_own,nr_read=r/nr_own}
 v       | {nr_none=arwdDxtm/nr_none,nr_read=r/nr_none}
(3 rows)

> GRANT SELECT ON nr_s.t TO PUBLIC WITH GRANT OPTION
ERROR 0LP01: grant options can only be granted to roles

> GRANT EXECUTE ON nr_s.t TO nr_read
ERROR 0LP01: invalid privilege type EXECUTE for relation

> GRANT NONSENSE ON nr_s.t TO nr_read
ERROR 42601: unrecognized privilege type "nonsense"

> GRANT SELECT ON nr_s.nosuch TO nr_read
ERROR 42P01: relation "nr_s.nosuch" does not exist

> GRANT SELECT ON nr_s.t TO nr_nobody
ERROR 42704: role "nr_nobody" does not exist

> DROP SCHEMA nr_s CASCADE
NOTICE: drop cascades to 3 other objects
DROP SCHEMA

> DROP ROLE nr_own, nr_read, nr_none
DROP ROLE
