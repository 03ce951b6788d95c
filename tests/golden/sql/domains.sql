# Domains: conditions, defaults and NULLs in columns and casts, changed and dropped, and what the catalogs show.

> CREATE DOMAIN pos AS int CHECK (VALUE > 0)

> CREATE DOMAIN pos AS int

> CREATE DOMAIN email text NOT NULL DEFAULT 'a@b' CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CONSTRAINT short CHECK (length(VALUE) < 20)

> CREATE DOMAIN zip AS varchar(5) COLLATE "C" CHECK (VALUE ~ '^\d+$')

> CREATE DOMAIN money2 AS numeric(10,2) DEFAULT 0.00

> SELECT 5::pos, CAST('7' AS pos), pg_typeof(5::pos + 1)

> SELECT 0::pos

> SELECT (-1)::pos

> SELECT NULL::pos

> SELECT NULL::email

> SELECT 'x'::email

> SELECT 'abcdefghijklmnop@qrstuvwxyz'::email

> SELECT '123456'::zip

> SELECT 'abc'::zip

> SELECT 'abc'::pos

> SELECT x::pos FROM (VALUES (1), (2), (0)) AS v (x)

> SELECT email 'q@r'

> CREATE TABLE people (id pos PRIMARY KEY, mail email, zip zip, paid money2)

> INSERT INTO people VALUES (1, 'me@x', '123', 1)

> INSERT INTO people (id) VALUES (2)

> INSERT INTO people (id, mail) VALUES (3, NULL)

> INSERT INTO people (id, mail) VALUES (0, 'a@b')

> INSERT INTO people (id, mail) VALUES (4, 'nothing')

> INSERT INTO people (id, zip) VALUES (5, '123456')

> INSERT INTO people (id, zip) VALUES (5, 'x')

> INSERT INTO people (id, mail) SELECT 6, 'z'

> INSERT INTO people (id, paid) VALUES (7, 1.239) RETURNING *

> UPDATE people SET mail = 'broken' WHERE id = 1

> UPDATE people SET mail = DEFAULT, zip = NULL WHERE id = 1 RETURNING *

> UPDATE people SET id = -id

> SELECT * FROM people ORDER BY id

> SELECT id + 1, mail || '!', pg_typeof(paid * 2) FROM people ORDER BY id

> SELECT typname, typtype, typnotnull, typbasetype::regtype, typtypmod, typdefault, typcategory FROM pg_type WHERE typname IN ('pos', 'email', 'zip', 'money2') ORDER BY 1

> SELECT domain_schema, domain_name, data_type, character_maximum_length, numeric_precision, numeric_scale, domain_default, udt_schema, udt_name, dtd_identifier FROM information_schema.domains WHERE domain_schema = 'public' ORDER BY 2

> SELECT constraint_name, domain_name, is_deferrable, initially_deferred FROM information_schema.domain_constraints WHERE domain_schema = 'public' ORDER BY 1

> SELECT column_name, data_type, domain_schema, domain_name, udt_name, column_default, is_nullable FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position

> SELECT domain_name, table_name, column_name FROM information_schema.column_domain_usage WHERE table_schema = 'public' ORDER BY 1, 3

> SELECT conname, contype, convalidated, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contypid IN (SELECT oid FROM pg_type WHERE typnamespace = 'public'::regnamespace) ORDER BY 1

> SELECT attname, atttypid::regtype, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 ORDER BY attnum

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 5)

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 5) NOT VALID

> INSERT INTO people (id) VALUES (9)

> ALTER DOMAIN pos VALIDATE CONSTRAINT small

> DELETE FROM people WHERE id > 4

> ALTER DOMAIN pos VALIDATE CONSTRAINT small

> ALTER DOMAIN pos VALIDATE CONSTRAINT nothing

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 6)

> ALTER DOMAIN pos RENAME CONSTRAINT small TO little

> ALTER DOMAIN pos RENAME CONSTRAINT small TO little

> ALTER DOMAIN pos DROP CONSTRAINT small

> ALTER DOMAIN pos DROP CONSTRAINT IF EXISTS small

> ALTER DOMAIN pos DROP CONSTRAINT little

> INSERT INTO people (id) VALUES (9)

> ALTER DOMAIN zip SET NOT NULL

> UPDATE people SET zip = '1'

> ALTER DOMAIN zip SET NOT NULL

> INSERT INTO people (id) VALUES (10)

> ALTER DOMAIN zip SET DEFAULT '999'

> INSERT INTO people (id) VALUES (10) RETURNING zip

> ALTER DOMAIN zip DROP DEFAULT

> ALTER DOMAIN zip DROP NOT NULL

> INSERT INTO people (id) VALUES (11) RETURNING zip

> ALTER DOMAIN nothing SET NOT NULL

> ALTER DOMAIN int SET NOT NULL

> ALTER TABLE people ADD COLUMN rank pos

> ALTER TABLE people ADD COLUMN extra email

> ALTER TABLE people ADD COLUMN must zip DEFAULT '5'

> ALTER TABLE people ADD COLUMN wrong pos DEFAULT 0

> SELECT id, extra, must FROM people ORDER BY id

> ALTER TABLE people ADD COLUMN n int DEFAULT 3

> ALTER TABLE people ALTER COLUMN n TYPE pos

> UPDATE people SET n = 0

> ALTER TABLE people ALTER COLUMN n TYPE int

> UPDATE people SET n = 0

> ALTER TABLE people ALTER COLUMN n TYPE pos

> CREATE DOMAIN bad AS nothing

> CREATE DOMAIN bad AS serial

> CREATE DOMAIN bad AS int PRIMARY KEY

> CREATE DOMAIN bad AS int UNIQUE

> CREATE DOMAIN bad AS int NULL NOT NULL

> CREATE DOMAIN bad AS int DEFAULT 1 DEFAULT 2

> CREATE DOMAIN bad AS int CHECK (x > 0)

> CREATE DOMAIN bad AS int CHECK (VALUE)

> CREATE DOMAIN bad AS int CHECK (VALUE > (SELECT 1))

> CREATE DOMAIN bad AS int DEFAULT 'x'

> CREATE DOMAIN bad AS int CONSTRAINT a CHECK (VALUE > 0) CONSTRAINT a CHECK (VALUE > 1)

> CREATE DOMAIN bad

> CREATE DOMAIN people AS int

> CREATE TABLE pos (x int)

> CREATE TYPE pos AS ENUM ('a')

> DROP DOMAIN pos

> DROP TYPE email

> DROP DOMAIN nothing

> DROP DOMAIN IF EXISTS nothing

> CREATE TYPE mood AS ENUM ('a')

> DROP DOMAIN mood

> ALTER DOMAIN mood SET NOT NULL

> ALTER TYPE pos ADD VALUE 'x'

> ALTER DOMAIN money2 RENAME TO price

> SELECT 1.005::price

> DROP DOMAIN price CASCADE

> CREATE SCHEMA s

> CREATE DOMAIN s.d AS text CHECK (VALUE <> '')

> CREATE TABLE s.t (a s.d)

> INSERT INTO s.t VALUES ('')

> SELECT ''::s.d

> SELECT ''::d

> SET search_path TO s

> SELECT ''::d

> INSERT INTO t VALUES ('')

> RESET search_path

> CREATE VIEW v AS SELECT 'x'::s.d AS a

> SELECT * FROM v

> DROP DOMAIN s.d

> DROP DOMAIN s.d CASCADE

> DROP SCHEMA s CASCADE

> PREPARE p(email) AS SELECT $1

> EXECUTE p('a@b')

> CREATE ROLE maker

> CREATE DOMAIN owned AS int

> ALTER DOMAIN owned OWNER TO maker

> ALTER DOMAIN mood OWNER TO maker

> CREATE ROLE other

> SET ROLE other

> ALTER DOMAIN owned SET NOT NULL

> DROP DOMAIN owned

> SELECT 1::owned

> RESET ROLE

> DROP OWNED BY maker

> SELECT 1::owned

> DROP ROLE maker

> DROP ROLE other

> CREATE DOMAIN yes AS bool CHECK (VALUE)

> SELECT true::yes, false::yes

> CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0)

> CREATE TABLE g (a int, b even GENERATED ALWAYS AS (a * 2) STORED, c even DEFAULT 4)

> INSERT INTO g (a) VALUES (1) RETURNING *

> INSERT INTO g (a, c) VALUES (1, 3)

> INSERT INTO g (a, c) VALUES (1, 6) ON CONFLICT DO NOTHING

> SELECT sum(c), max(c), array_agg(c) FROM g

> SELECT * FROM g WHERE c = 4::even

> SELECT CASE WHEN a > 5 THEN 3::even ELSE 2::even END FROM g

> SELECT coalesce(NULL::even, 2)

> CREATE TABLE likes (LIKE g)
