# ALTER TABLE: columns that get another name, go, and get another type.

> CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL DEFAULT 'new', price numeric(8,2), code int UNIQUE, note varchar(10), flag bool)

> CREATE INDEX item_name ON item (name, price)

> INSERT INTO item VALUES (1, 'a', 1.5, 10, 'x', true), (2, 'b', NULL, 20, NULL, false), (3, 'c', 3, NULL, '7', NULL)

# Another name.

> ALTER TABLE item RENAME COLUMN name TO title

> ALTER TABLE item RENAME price TO cost

> SELECT id, title, cost FROM item WHERE title >= 'b' ORDER BY id

> SELECT name FROM item
ERROR 42703: column "name" does not exist

> SELECT indexdef FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname

> INSERT INTO item (id) VALUES (4) RETURNING id, title, cost

> ALTER TABLE item RENAME COLUMN nosuch TO other

> ALTER TABLE item RENAME COLUMN title TO cost

> ALTER TABLE item RENAME COLUMN title TO title

> ALTER TABLE item RENAME COLUMN title TO _stage

> ALTER TABLE item RENAME COLUMN id TO number

> SELECT number FROM item WHERE number = 3

> INSERT INTO item (number, title) VALUES (3, 'again')

> ALTER TABLE item RENAME COLUMN number TO id

> ALTER TABLE memory RENAME COLUMN vector TO other

# Two columns change their names with each other, and a new one takes the first name of another.

> CREATE TABLE pair (a int, b int)

> INSERT INTO pair VALUES (1, 2)

> BEGIN; ALTER TABLE pair RENAME a TO t; ALTER TABLE pair RENAME b TO a; ALTER TABLE pair RENAME t TO b; ALTER TABLE pair ADD COLUMN c int DEFAULT 3; ALTER TABLE pair RENAME a TO z; ALTER TABLE pair ADD COLUMN a int; COMMIT

> SELECT * FROM pair

> UPDATE pair SET a = 9

> SELECT * FROM pair

# A column goes, with its indexes and constraints.

> ALTER TABLE item DROP COLUMN code

> SELECT * FROM item ORDER BY id

> SELECT indexname FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname

> SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum

> SELECT flag, count(*), max(cost), min(note) FROM item GROUP BY flag ORDER BY flag

> SELECT a.title, b.note FROM item a JOIN item b ON a.id = b.id + 1 WHERE b.cost > 1 ORDER BY a.id

> SELECT conname, conkey FROM pg_constraint WHERE conrelid = 'item'::regclass

> SELECT indkey FROM pg_index WHERE indexrelid = 'item_name'::regclass

> SELECT column_name, ordinal_position FROM information_schema.columns WHERE table_name = 'item' ORDER BY 2

> ALTER TABLE item ADD COLUMN code int

> SELECT * FROM item ORDER BY id

> SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'code'

> ALTER TABLE item DROP COLUMN nosuch

> ALTER TABLE item DROP COLUMN IF EXISTS nosuch

> ALTER TABLE item DROP COLUMN code CASCADE, DROP flag RESTRICT, ADD COLUMN flag int DEFAULT 5

> SELECT * FROM item ORDER BY id

> ALTER TABLE item DROP COLUMN id

> ALTER TABLE item DROP COLUMN cost

> SELECT indexname FROM pg_indexes WHERE tablename = 'item' ORDER BY indexname

> BEGIN; INSERT INTO item (id, note) VALUES (9, 'gone'); ALTER TABLE item DROP COLUMN note; ALTER TABLE item ADD COLUMN note text; SELECT id, note FROM item ORDER BY id; COMMIT

> SELECT id, note, title FROM item ORDER BY id

> BEGIN; ALTER TABLE item DROP COLUMN flag; SELECT * FROM item WHERE id = 1; ROLLBACK; SELECT * FROM item WHERE id = 1

> ALTER TABLE memory DROP COLUMN vector

> CREATE TABLE numbered (a int, n bigserial, v vector(2))

> CREATE INDEX numbered_v ON numbered USING hnsw (v vector_l2_ops)

> INSERT INTO numbered (a, v) VALUES (1, '[1,1]'), (2, '[2,2]')

> ALTER TABLE numbered DROP COLUMN n, DROP COLUMN v

> INSERT INTO numbered VALUES (3)

> ALTER TABLE numbered ADD COLUMN n serial

> ALTER TABLE numbered ADD COLUMN v vector(3)

> UPDATE numbered SET v = '[1,2,3]' WHERE a = 3

> SELECT a, n, v FROM numbered ORDER BY a

# Another type.

> CREATE TABLE kind (id int PRIMARY KEY, n int UNIQUE, t text DEFAULT 'x', d numeric, b bool NOT NULL, j jsonb, s varchar(5))

> CREATE INDEX kind_t ON kind (t, n)

> INSERT INTO kind VALUES (1, 10, '1', 1.5, true, '{"a":1}', 'abc'), (2, 9, '22', 2.5, false, NULL, NULL), (3, NULL, 'x', NULL, true, '3', 'abcde')

> ALTER TABLE kind ALTER COLUMN n TYPE bigint

> ALTER TABLE kind ALTER n SET DATA TYPE text

> SELECT id, n, pg_typeof(n) FROM kind ORDER BY n

> SELECT id FROM kind WHERE n = '9'

> EXPLAIN SELECT id FROM kind WHERE n = '9'

> INSERT INTO kind VALUES (4, '10', 'y', 1, true)

> ALTER TABLE kind ALTER n TYPE int

> ALTER TABLE kind ALTER n TYPE int USING n::int

> SELECT id, n FROM kind ORDER BY n

> ALTER TABLE kind ALTER t TYPE int USING t::int

> ALTER TABLE kind ALTER t DROP DEFAULT

> ALTER TABLE kind ALTER t TYPE int USING t::int

> ALTER TABLE kind ALTER t TYPE int USING CASE WHEN t = 'x' THEN NULL ELSE length(t) END

> SELECT id, t FROM kind ORDER BY id

> SELECT id FROM kind WHERE t = 2

> ALTER TABLE kind ALTER d TYPE int, ALTER s TYPE varchar(3)

> ALTER TABLE kind ALTER d TYPE int, ALTER s TYPE varchar(3) USING left(s, 3), ADD COLUMN e int DEFAULT 1, ALTER b TYPE text

> SELECT id, d, s, e, b FROM kind ORDER BY id

> ALTER TABLE kind ALTER j TYPE int

> ALTER TABLE kind ALTER j TYPE int USING j

> ALTER TABLE kind ALTER b TYPE bool USING NULL

> ALTER TABLE kind ALTER n TYPE int USING 1

> ALTER TABLE kind ALTER n TYPE smallint USING n * 10000

> ALTER TABLE kind ALTER nosuch TYPE int

> ALTER TABLE kind ALTER n TYPE nosuch

> ALTER TABLE kind ALTER n TYPE serial

> ALTER TABLE kind ALTER id TYPE bigint

> ALTER TABLE kind ALTER j TYPE vector(3) USING NULL

> BEGIN; INSERT INTO kind (id, n, b) VALUES (7, 70, 'yes'); ALTER TABLE kind ALTER n TYPE text; UPDATE kind SET n = n || '!' WHERE id = 7; SELECT id, n FROM kind ORDER BY id; ROLLBACK; SELECT id, n FROM kind ORDER BY id

> BEGIN; ALTER TABLE kind ALTER n TYPE text; CREATE INDEX kind_n ON kind (n); SELECT id FROM kind WHERE n = '9'; COMMIT

> SELECT id FROM kind WHERE n = '9'

> SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'kind' ORDER BY ordinal_position

# Several in one statement happen in PostgreSQL's order.

> CREATE TABLE passes (a int, b int, c int)

> INSERT INTO passes VALUES (1, 2, 3)

> ALTER TABLE passes ADD COLUMN a text DEFAULT 'new', DROP COLUMN a, ALTER COLUMN c TYPE text, ADD UNIQUE (c), ALTER COLUMN c SET DEFAULT 'd'

> SELECT * FROM passes

> INSERT INTO passes (b) VALUES (5) RETURNING *

> ALTER TABLE passes RENAME COLUMN b TO bb, DROP COLUMN c
