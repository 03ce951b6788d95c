# Domains: conditions, defaults and NULLs in columns and casts, changed and dropped, and what the catalogs show.

> CREATE DOMAIN pos AS int CHECK (VALUE > 0)
CREATE DOMAIN

> CREATE DOMAIN pos AS int
ERROR 42710: type "pos" already exists

> CREATE DOMAIN email text NOT NULL DEFAULT 'a@b' CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CONSTRAINT short CHECK (length(VALUE) < 20)
CREATE DOMAIN

> CREATE DOMAIN zip AS varchar(5) COLLATE "C" CHECK (VALUE ~ '^\d+$')
CREATE DOMAIN

> CREATE DOMAIN money2 AS numeric(10,2) DEFAULT 0.00
CREATE DOMAIN

> SELECT 5::pos, CAST('7' AS pos), pg_typeof(5::pos + 1)
 pos | pos | pg_typeof
-----+-----+-----------
   5 |   7 | integer
(1 row)

> SELECT 0::pos
ERROR 23514: value for domain pos violates check constraint "pos_check"

> SELECT (-1)::pos
ERROR 23514: value for domain pos violates check constraint "pos_check"

> SELECT NULL::pos
 pos
------
 NULL
(1 row)

> SELECT NULL::email
ERROR 23502: domain email does not allow null values

> SELECT 'x'::email
ERROR 23514: value for domain email violates check constraint "has_at"

> SELECT 'abcdefghijklmnop@qrstuvwxyz'::email
ERROR 23514: value for domain email violates check constraint "short"

> SELECT '123456'::zip
  zip
-------
 12345
(1 row)

> SELECT 'abc'::zip
ERROR 23514: value for domain zip violates check constraint "zip_check"

> SELECT 'abc'::pos
ERROR 22P02: invalid input syntax for type integer: "abc"
LINE 1: SELECT 'abc'::pos
               ^

> SELECT x::pos FROM (VALUES (1), (2), (0)) AS v (x)
ERROR 23514: value for domain pos violates check constraint "pos_check"

# differs: it is not read as a typed literal.
> SELECT email 'q@r'
ERROR 42703: column "email" does not exist
LINE 1: SELECT email 'q@r'
               ^

> CREATE TABLE people (id pos PRIMARY KEY, mail email, zip zip, paid money2)
CREATE TABLE

> INSERT INTO people VALUES (1, 'me@x', '123', 1)
INSERT 0 1

> INSERT INTO people (id) VALUES (2)
INSERT 0 1

> INSERT INTO people (id, mail) VALUES (3, NULL)
ERROR 23502: domain email does not allow null values

> INSERT INTO people (id, mail) VALUES (0, 'a@b')
ERROR 23514: value for domain pos violates check constraint "pos_check"

> INSERT INTO people (id, mail) VALUES (4, 'nothing')
ERROR 23514: value for domain email violates check constraint "has_at"

> INSERT INTO people (id, zip) VALUES (5, '123456')
ERROR 22001: value too long for type character varying(5)
LINE 1: INSERT INTO people (id, zip) VALUES (5, '123456')
                                                ^

> INSERT INTO people (id, zip) VALUES (5, 'x')
ERROR 23514: value for domain zip violates check constraint "zip_check"

> INSERT INTO people (id, mail) SELECT 6, 'z'
ERROR 23514: value for domain email violates check constraint "has_at"

> INSERT INTO people (id, paid) VALUES (7, 1.239) RETURNING *
 id | mail | zip  | paid
----+------+------+------
  7 | a@b  | NULL | 1.24
(1 row)
INSERT 0 1

> UPDATE people SET mail = 'broken' WHERE id = 1
ERROR 23514: value for domain email violates check constraint "has_at"

> UPDATE people SET mail = DEFAULT, zip = NULL WHERE id = 1 RETURNING *
 id | mail | zip  | paid
----+------+------+------
  1 | a@b  | NULL | 1.00
(1 row)
UPDATE 1

> UPDATE people SET id = -id
ERROR 23514: value for domain pos violates check constraint "pos_check"

> SELECT * FROM people ORDER BY id
 id | mail | zip  | paid
----+------+------+------
  1 | a@b  | NULL | 1.00
  2 | a@b  | NULL | 0.00
  7 | a@b  | NULL | 1.24
(3 rows)

> SELECT id + 1, mail || '!', pg_typeof(paid * 2) FROM people ORDER BY id
 ?column? | ?column? | pg_typeof
----------+----------+-----------
        2 | a@b!     | numeric
        3 | a@b!     | numeric
        8 | a@b!     | numeric
(3 rows)

# differs: defaults are shown as they were written, without the cast.
> SELECT typname, typtype, typnotnull, typbasetype::regtype, typtypmod, typdefault, typcategory FROM pg_type WHERE typname IN ('pos', 'email', 'zip', 'money2') ORDER BY 1
 typname | typtype | typnotnull |    typbasetype    | typtypmod | typdefault | typcategory
---------+---------+------------+-------------------+-----------+------------+-------------
 email   | d       | t          | text              |        -1 | 'a@b'      | S
 money2  | d       | f          | numeric           |    655366 | 0.00       | N
 pos     | d       | f          | integer           |        -1 | NULL       | N
 zip     | d       | f          | character varying |         9 | NULL       | S
(4 rows)

# differs: defaults are shown as they were written, without the cast.
> SELECT domain_schema, domain_name, data_type, character_maximum_length, numeric_precision, numeric_scale, domain_default, udt_schema, udt_name, dtd_identifier FROM information_schema.domains WHERE domain_schema = 'public' ORDER BY 2
 domain_schema | domain_name |     data_type     | character_maximum_length | numeric_precision | numeric_scale | domain_default | udt_schema | udt_name | dtd_identifier
---------------+-------------+-------------------+--------------------------+-------------------+---------------+----------------+------------+----------+----------------
 public        | email       | text              |                     NULL |              NULL |          NULL | 'a@b'          | pg_catalog | text     | 1
 public        | money2      | numeric           |                     NULL |                10 |             2 | 0.00           | pg_catalog | numeric  | 1
 public        | pos         | integer           |                     NULL |                32 |             0 | NULL           | pg_catalog | int4     | 1
 public        | zip         | character varying |                        5 |              NULL |          NULL | NULL           | pg_catalog | varchar  | 1
(4 rows)

> SELECT constraint_name, domain_name, is_deferrable, initially_deferred FROM information_schema.domain_constraints WHERE domain_schema = 'public' ORDER BY 1
 constraint_name | domain_name | is_deferrable | initially_deferred
-----------------+-------------+---------------+--------------------
 email_not_null  | email       | NO            | NO
 has_at          | email       | NO            | NO
 pos_check       | pos         | NO            | NO
 short           | email       | NO            | NO
 zip_check       | zip         | NO            | NO
(5 rows)

> SELECT column_name, data_type, domain_schema, domain_name, udt_name, column_default, is_nullable FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position
 column_name |     data_type     | domain_schema | domain_name | udt_name | column_default | is_nullable
-------------+-------------------+---------------+-------------+----------+----------------+-------------
 id          | integer           | public        | pos         | int4     | NULL           | NO
 mail        | text              | public        | email       | text     | NULL           | NO
 zip         | character varying | public        | zip         | varchar  | NULL           | YES
 paid        | numeric           | public        | money2      | numeric  | NULL           | YES
(4 rows)

> SELECT domain_name, table_name, column_name FROM information_schema.column_domain_usage WHERE table_schema = 'public' ORDER BY 1, 3
 domain_name | table_name | column_name
-------------+------------+-------------
 email       | people     | mail
 money2      | people     | paid
 pos         | people     | id
 zip         | people     | zip
(4 rows)

# differs: conditions are shown as they were written.
> SELECT conname, contype, convalidated, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contypid IN (SELECT oid FROM pg_type WHERE typnamespace = 'public'::regnamespace) ORDER BY 1
    conname     | contype | convalidated |     pg_get_constraintdef     |    pg_get_constraintdef
----------------+---------+--------------+------------------------------+----------------------------
 email_not_null | n       | t            | NOT NULL                     | NOT NULL
 has_at         | c       | t            | CHECK ((VALUE LIKE '%@%'))   | CHECK (VALUE LIKE '%@%')
 pos_check      | c       | t            | CHECK ((VALUE > 0))          | CHECK (VALUE > 0)
 short          | c       | t            | CHECK ((length(VALUE) < 20)) | CHECK (length(VALUE) < 20)
 zip_check      | c       | t            | CHECK ((VALUE ~ '^\d+$'))    | CHECK (VALUE ~ '^\d+$')
(5 rows)

> SELECT attname, atttypid::regtype, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 ORDER BY attnum
 attname | atttypid | format_type
---------+----------+-------------
 id      | pos      | pos
 mail    | email    | email
 zip     | zip      | zip
 paid    | money2   | money2
(4 rows)

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 5)
ERROR 23514: column "id" of table "people" contains values that violate the new constraint

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 5) NOT VALID
ALTER DOMAIN

> INSERT INTO people (id) VALUES (9)
ERROR 23514: value for domain pos violates check constraint "small"

> ALTER DOMAIN pos VALIDATE CONSTRAINT small
ERROR 23514: column "id" of table "people" contains values that violate the new constraint

> DELETE FROM people WHERE id > 4
DELETE 1

> ALTER DOMAIN pos VALIDATE CONSTRAINT small
ALTER DOMAIN

> ALTER DOMAIN pos VALIDATE CONSTRAINT nothing
ERROR 42704: constraint "nothing" of domain "pos" does not exist

> ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 6)
ERROR 42710: constraint "small" for domain "pos" already exists

> ALTER DOMAIN pos RENAME CONSTRAINT small TO little
ALTER DOMAIN

> ALTER DOMAIN pos RENAME CONSTRAINT small TO little
ERROR 42704: constraint "small" for domain pos does not exist

> ALTER DOMAIN pos DROP CONSTRAINT small
ERROR 42704: constraint "small" of domain "pos" does not exist

> ALTER DOMAIN pos DROP CONSTRAINT IF EXISTS small
NOTICE: constraint "small" of domain "pos" does not exist, skipping
ALTER DOMAIN

> ALTER DOMAIN pos DROP CONSTRAINT little
ALTER DOMAIN

> INSERT INTO people (id) VALUES (9)
INSERT 0 1

> ALTER DOMAIN zip SET NOT NULL
ERROR 23502: column "zip" of table "people" contains null values

> UPDATE people SET zip = '1'
UPDATE 3

> ALTER DOMAIN zip SET NOT NULL
ALTER DOMAIN

> INSERT INTO people (id) VALUES (10)
ERROR 23502: domain zip does not allow null values

> ALTER DOMAIN zip SET DEFAULT '999'
ALTER DOMAIN

> INSERT INTO people (id) VALUES (10) RETURNING zip
 zip
-----
 999
(1 row)
INSERT 0 1

> ALTER DOMAIN zip DROP DEFAULT
ALTER DOMAIN

> ALTER DOMAIN zip DROP NOT NULL
ALTER DOMAIN

> INSERT INTO people (id) VALUES (11) RETURNING zip
 zip
------
 NULL
(1 row)
INSERT 0 1

> ALTER DOMAIN nothing SET NOT NULL
ERROR 42704: type "nothing" does not exist

> ALTER DOMAIN int SET NOT NULL
ERROR 42704: type "int" does not exist

> ALTER TABLE people ADD COLUMN rank pos
ALTER TABLE

> ALTER TABLE people ADD COLUMN extra email
ALTER TABLE

> ALTER TABLE people ADD COLUMN must zip DEFAULT '5'
ALTER TABLE

> ALTER TABLE people ADD COLUMN wrong pos DEFAULT 0
ERROR 23514: value for domain pos violates check constraint "pos_check"

> SELECT id, extra, must FROM people ORDER BY id
 id | extra | must
----+-------+------
  1 | a@b   | 5
  2 | a@b   | 5
  9 | a@b   | 5
 10 | a@b   | 5
 11 | a@b   | 5
(5 rows)

> ALTER TABLE people ADD COLUMN n int DEFAULT 3
ALTER TABLE

> ALTER TABLE people ALTER COLUMN n TYPE pos
ALTER TABLE

> UPDATE people SET n = 0
ERROR 23514: value for domain pos violates check constraint "pos_check"

> ALTER TABLE people ALTER COLUMN n TYPE int
ALTER TABLE

> UPDATE people SET n = 0
UPDATE 5

> ALTER TABLE people ALTER COLUMN n TYPE pos
ERROR 23514: value for domain pos violates check constraint "pos_check"

> CREATE DOMAIN bad AS nothing
ERROR 42704: type "nothing" does not exist
LINE 1: CREATE DOMAIN bad AS nothing
                             ^

> CREATE DOMAIN bad AS serial
ERROR 42704: type "serial" does not exist

> CREATE DOMAIN bad AS int PRIMARY KEY
ERROR 42601: primary key constraints not possible for domains

> CREATE DOMAIN bad AS int UNIQUE
ERROR 42601: unique constraints not possible for domains

> CREATE DOMAIN bad AS int NULL NOT NULL
ERROR 42601: conflicting NULL/NOT NULL constraints

> CREATE DOMAIN bad AS int DEFAULT 1 DEFAULT 2
ERROR 42601: multiple default expressions

> CREATE DOMAIN bad AS int CHECK (x > 0)
ERROR 42703: column "x" does not exist

> CREATE DOMAIN bad AS int CHECK (VALUE)
ERROR 42804: argument of CHECK must be type boolean, not type integer

# differs: the hint is this server's own.
> CREATE DOMAIN bad AS int CHECK (VALUE > (SELECT 1))
ERROR 0A000: cannot use subquery in check constraint
HINT: Use VALUE, constants and functions.

> CREATE DOMAIN bad AS int DEFAULT 'x'
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: CREATE DOMAIN bad AS int DEFAULT 'x'
                                         ^

> CREATE DOMAIN bad AS int CONSTRAINT a CHECK (VALUE > 0) CONSTRAINT a CHECK (VALUE > 1)
ERROR 42710: constraint "a" for domain "bad" already exists

# differs: the end of the statement is named otherwise.
> CREATE DOMAIN bad
ERROR 42601: syntax error at end of input
LINE 1: CREATE DOMAIN bad
                         ^
DETAIL: Expected AS.

> CREATE DOMAIN people AS int
ERROR 42710: type "people" already exists

> CREATE TABLE pos (x int)
ERROR 42710: type "pos" already exists
HINT: A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.

> CREATE TYPE pos AS ENUM ('a')
ERROR 42710: type "pos" already exists

# differs: the columns come in the order of the table.
> DROP DOMAIN pos
ERROR 2BP01: cannot drop type pos because other objects depend on it
DETAIL: column id of table people depends on type pos
column rank of table people depends on type pos
HINT: Use DROP ... CASCADE to drop the dependent objects too.

# differs: the columns come in the order of the table.
> DROP TYPE email
ERROR 2BP01: cannot drop type email because other objects depend on it
DETAIL: column mail of table people depends on type email
column extra of table people depends on type email
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP DOMAIN nothing
ERROR 42704: type "nothing" does not exist

> DROP DOMAIN IF EXISTS nothing
NOTICE: type "nothing" does not exist, skipping
DROP DOMAIN

> CREATE TYPE mood AS ENUM ('a')
CREATE TYPE

> DROP DOMAIN mood
ERROR 42809: "mood" is not a domain

> ALTER DOMAIN mood SET NOT NULL
ERROR 42809: mood is not a domain

> ALTER TYPE pos ADD VALUE 'x'
ERROR 42809: pos is not an enum

> ALTER DOMAIN money2 RENAME TO price
ALTER DOMAIN

> SELECT 1.005::price
 price
-------
  1.01
(1 row)

> DROP DOMAIN price CASCADE
NOTICE: drop cascades to column paid of table people
DROP DOMAIN

> CREATE SCHEMA s
CREATE SCHEMA

> CREATE DOMAIN s.d AS text CHECK (VALUE <> '')
CREATE DOMAIN

> CREATE TABLE s.t (a s.d)
CREATE TABLE

> INSERT INTO s.t VALUES ('')
ERROR 23514: value for domain s.d violates check constraint "d_check"

> SELECT ''::s.d
ERROR 23514: value for domain s.d violates check constraint "d_check"

> SELECT ''::d
ERROR 42704: type "d" does not exist
LINE 1: SELECT ''::d
                   ^

> SET search_path TO s
SET

> SELECT ''::d
ERROR 23514: value for domain d violates check constraint "d_check"

# differs: a row that is written names the domain with its schema, whatever the path.
> INSERT INTO t VALUES ('')
ERROR 23514: value for domain s.d violates check constraint "d_check"

> RESET search_path
RESET

> CREATE VIEW v AS SELECT 'x'::s.d AS a
CREATE VIEW

> SELECT * FROM v
 a
---
 x
(1 row)

# differs: a view that names the domain is not listed.
> DROP DOMAIN s.d
ERROR 2BP01: cannot drop type s.d because other objects depend on it
DETAIL: column a of table s.t depends on type s.d
HINT: Use DROP ... CASCADE to drop the dependent objects too.

# differs: a view that names the domain has to go first.
> DROP DOMAIN s.d CASCADE
NOTICE: drop cascades to column a of table s.t
ERROR 2BP01: cannot drop type s.d because view v names it
HINT: Drop view v first.

# differs: a view that names the domain has to go first.
> DROP SCHEMA s CASCADE
NOTICE: drop cascades to 2 other objects
ERROR 2BP01: cannot drop type s.d because view v names it
HINT: Drop view v first.

> PREPARE p(email) AS SELECT $1
PREPARE

> EXECUTE p('a@b')
 ?column?
----------
 a@b
(1 row)

> CREATE ROLE maker
CREATE ROLE

> CREATE DOMAIN owned AS int
CREATE DOMAIN

> ALTER DOMAIN owned OWNER TO maker
ALTER DOMAIN

> ALTER DOMAIN mood OWNER TO maker
ERROR 42809: mood is not a domain

> CREATE ROLE other
CREATE ROLE

> SET ROLE other
SET

> ALTER DOMAIN owned SET NOT NULL
ERROR 42501: must be owner of type owned

> DROP DOMAIN owned
ERROR 42501: must be owner of type owned

> SELECT 1::owned
 owned
-------
     1
(1 row)

> RESET ROLE
RESET

> DROP OWNED BY maker
DROP OWNED

> SELECT 1::owned
ERROR 42704: type "owned" does not exist
LINE 1: SELECT 1::owned
                  ^

> DROP ROLE maker
DROP ROLE

> DROP ROLE other
DROP ROLE

> CREATE DOMAIN yes AS bool CHECK (VALUE)
CREATE DOMAIN

> SELECT true::yes, false::yes
ERROR 23514: value for domain yes violates check constraint "yes_check"

> CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0)
CREATE DOMAIN

> CREATE TABLE g (a int, b even GENERATED ALWAYS AS (a * 2) STORED, c even DEFAULT 4)
CREATE TABLE

> INSERT INTO g (a) VALUES (1) RETURNING *
 a | b | c
---+---+---
 1 | 2 | 4
(1 row)
INSERT 0 1

> INSERT INTO g (a, c) VALUES (1, 3)
ERROR 23514: value for domain even violates check constraint "even_check"

> INSERT INTO g (a, c) VALUES (1, 6) ON CONFLICT DO NOTHING
INSERT 0 1

> SELECT sum(c), max(c), array_agg(c) FROM g
 sum | max | array_agg
-----+-----+-----------
  10 |   6 | {4,6}
(1 row)

> SELECT * FROM g WHERE c = 4::even
 a | b | c
---+---+---
 1 | 2 | 4
(1 row)

> SELECT CASE WHEN a > 5 THEN 3::even ELSE 2::even END FROM g
 case
------
    2
    2
(2 rows)

> SELECT coalesce(NULL::even, 2)
 coalesce
----------
        2
(1 row)

> CREATE TABLE likes (LIKE g)
CREATE TABLE
