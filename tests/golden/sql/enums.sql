# Enumerated types: made, changed and dropped; columns of them, compared in the order of their labels.

> CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

> CREATE TYPE mood AS ENUM ('a')

> CREATE TYPE twice AS ENUM ('a', 'b', 'a')

> SELECT 'happy'::mood, 'ok'::mood < 'happy', 'sad'::mood > 'ok', mood 'sad', pg_typeof('sad'::mood)

> SELECT 'x'::mood

> SELECT 'Happy'::mood

> CREATE TABLE p (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', list mood[])

> INSERT INTO p VALUES (1, 'happy', '{happy,sad,NULL}'), (2, 'sad', ARRAY['ok', 'sad']::mood[]), (3, DEFAULT, NULL)

> INSERT INTO p (id, m) VALUES (4, 'glad')

> INSERT INTO p (id, m) SELECT 4, 'sad'::text

> INSERT INTO p SELECT 4, 'sad', NULL

> SELECT * FROM p ORDER BY m, id

> SELECT * FROM p ORDER BY m DESC, id

> SELECT id, m FROM p WHERE m > 'sad' ORDER BY id

> SELECT id FROM p WHERE m IN ('happy', 'ok') ORDER BY id

> SELECT id FROM p WHERE m = ANY ('{happy,sad}') ORDER BY id

> SELECT id FROM p WHERE m BETWEEN 'ok' AND 'happy' ORDER BY id

> SELECT id FROM p WHERE 'sad' = ANY (list) ORDER BY id

> SELECT id, list[1], list[1:2] FROM p ORDER BY id

> SELECT m FROM p WHERE m = 'bad'

> SELECT m = 1 FROM p

> SELECT m || '!' AS text, upper(m::text), m::text = 'ok' FROM p ORDER BY id

> SELECT min(m), max(m), count(DISTINCT m), array_agg(m ORDER BY m DESC) FROM p

> SELECT m, count(*) FROM p GROUP BY m HAVING m >= 'ok' ORDER BY m DESC

> SELECT DISTINCT m FROM p ORDER BY m

> SELECT m FROM p UNION SELECT 'happy' ORDER BY 1

> SELECT id, row_number() OVER (ORDER BY m, id), lag(m) OVER (ORDER BY m, id), rank() OVER (ORDER BY m) FROM p ORDER BY id

> SELECT coalesce(NULL, m), nullif(m, 'sad'), greatest(m, 'ok'), CASE WHEN id = 1 THEN 'sad' ELSE m END FROM p ORDER BY id

> SELECT a.id, b.id FROM p a JOIN p b ON a.m = b.m AND a.id < b.id

> SELECT to_json(m), jsonb_build_object('m', m) FROM p WHERE id = 1

> SELECT enum_range(NULL::mood), enum_first('ok'::mood), enum_last(NULL::mood), enum_range('ok'::mood, NULL), enum_range(NULL, 'ok'::mood)

> SELECT unnest(enum_range(NULL::mood))

> SELECT pg_input_is_valid('ok', 'mood'), pg_input_is_valid('bad', 'mood')

# A label between two others: what is stored, and an index, stay right.

> CREATE INDEX p_m ON p (m)

> ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'

> ALTER TYPE mood ADD VALUE 'great'

> ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok'

> ALTER TYPE mood ADD VALUE 'fine'

> ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine'

> ALTER TYPE mood ADD VALUE 'x' BEFORE 'nothing'

> INSERT INTO p VALUES (5, 'meh'), (6, 'fine'), (7, 'great')

> SELECT id, m FROM p ORDER BY m, id

> SELECT id, m FROM p WHERE m < 'fine' ORDER BY m, id

> EXPLAIN SELECT id FROM p WHERE m < 'fine'

> ALTER TYPE mood RENAME VALUE 'happy' TO 'joyful'

> ALTER TYPE mood RENAME VALUE 'happy' TO 'x'

> ALTER TYPE mood RENAME VALUE 'ok' TO 'sad'

> ALTER TYPE mood RENAME VALUE 'ok' TO 'okay'

> SELECT id, m, list FROM p ORDER BY m, id

> INSERT INTO p (id) VALUES (8) RETURNING *

> UPDATE p SET m = 'joyful' WHERE m = 'meh' RETURNING id, m

> SELECT enumlabel, enumsortorder FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY 2

> SELECT typname, typtype, typcategory, typlen, typelem = 'mood'::regtype::oid AS is_array FROM pg_type WHERE typname IN ('mood', '_mood') ORDER BY 1

> SELECT column_name, data_type, udt_schema, udt_name, column_default FROM information_schema.columns WHERE table_name = 'p' ORDER BY ordinal_position

# Keys, checks, other types.

> CREATE TABLE parent (m mood PRIMARY KEY, t text)

> INSERT INTO parent VALUES ('great', 'a'), ('sad', 'b')

> INSERT INTO parent VALUES ('sad', 'c')

> SELECT * FROM parent ORDER BY m

> SELECT t FROM parent WHERE m = 'great'

> CREATE TABLE child (m mood REFERENCES parent)

> INSERT INTO child VALUES ('okay')

> INSERT INTO child VALUES ('sad')

> CREATE TABLE checked (m mood CHECK (m <> 'sad'))

> INSERT INTO checked VALUES ('sad')

> ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'

> DROP TABLE checked

> CREATE TABLE late (s text)

> INSERT INTO late VALUES ('great'), ('sad')

> ALTER TABLE late ALTER COLUMN s TYPE mood USING s::mood

> SELECT * FROM late ORDER BY s

> ALTER TABLE late ADD COLUMN t mood DEFAULT 'fine'

> ALTER TABLE late ALTER COLUMN s TYPE text

> SELECT * FROM late ORDER BY s

> PREPARE q (mood) AS SELECT id FROM p WHERE m = $1 ORDER BY id

> EXECUTE q('okay')

> ALTER TYPE mood RENAME VALUE 'okay' TO 'ok'

> EXECUTE q('ok')

# What a transaction takes back.

> BEGIN

> ALTER TYPE mood ADD VALUE 'gone'

> INSERT INTO p VALUES (9, 'gone')

> CREATE TYPE other AS ENUM ('a')

> ROLLBACK

> SELECT 'gone'::mood

> SELECT 'a'::other

# Schemas, names, and what depends on a type.

> CREATE SCHEMA s

> CREATE TYPE s.mood AS ENUM ('other')

> SELECT 'other'::s.mood, 'ok'::mood, 's.mood'::regtype, 'mood'::regtype

> SELECT 'ok'::mood = 'other'::s.mood

> CREATE TABLE s.t (m s.mood)

> SET search_path = s, public

> SELECT 'other'::mood

> RESET search_path

> DROP SCHEMA s

> DROP SCHEMA s CASCADE

> ALTER TYPE mood RENAME TO feeling

> SELECT pg_typeof(m), m FROM p WHERE id = 1

> DROP TYPE feeling

> CREATE VIEW v AS SELECT m FROM p WHERE m > 'sad'::feeling

> ALTER TYPE feeling RENAME TO mood

> DROP TYPE feeling CASCADE

> SELECT * FROM p WHERE id = 1

> DROP TYPE IF EXISTS feeling

> DROP TYPE feeling

> DROP TYPE text

> CREATE TYPE pair AS (a int, b int)

> CREATE DOMAIN short AS text
