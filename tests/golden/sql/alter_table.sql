# ALTER TABLE: rules of columns, new columns with rules, and several changes in one statement.

> CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price int)

> INSERT INTO item VALUES (1, 'a', 10), (2, 'b', NULL)

> ALTER TABLE item ALTER COLUMN name DROP NOT NULL

> INSERT INTO item VALUES (3, NULL, 30)

> ALTER TABLE item ALTER COLUMN name SET NOT NULL

> UPDATE item SET name = 'c' WHERE id = 3

> ALTER TABLE item ALTER name SET NOT NULL

> INSERT INTO item VALUES (4, NULL, 40)

> SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum

# A new column with NOT NULL needs a value for what is there.

> ALTER TABLE item ADD COLUMN state text NOT NULL

> ALTER TABLE item ADD COLUMN state text NOT NULL DEFAULT 'new'

> SELECT id, state FROM item ORDER BY id

> INSERT INTO item VALUES (4, 'd', 40, NULL)

> INSERT INTO item (id, name) VALUES (4, 'd')

> ALTER TABLE item ADD COLUMN state text

> ALTER TABLE item ADD COLUMN IF NOT EXISTS state text

# Defaults are for rows to come.

> ALTER TABLE item ALTER COLUMN price SET DEFAULT 7

> INSERT INTO item (id, name) VALUES (5, 'e')

> ALTER TABLE item ALTER COLUMN price DROP DEFAULT

> INSERT INTO item (id, name) VALUES (6, 'f')

> SELECT id, price FROM item WHERE id > 4 ORDER BY id

> ALTER TABLE item ALTER COLUMN price SET DEFAULT 'seven'

# Several changes happen together or not at all, columns first.

> ALTER TABLE item ALTER COLUMN price SET NOT NULL, ADD COLUMN rank int DEFAULT 0

> SELECT column_name FROM information_schema.columns WHERE table_name = 'item' ORDER BY ordinal_position

> UPDATE item SET price = 0 WHERE price IS NULL

> ALTER TABLE item ADD UNIQUE (code), ALTER COLUMN price SET NOT NULL, ADD COLUMN code int, ADD COLUMN serial_number bigserial, ALTER COLUMN state DROP NOT NULL

> SELECT id, price, code, serial_number FROM item ORDER BY id

> INSERT INTO item (id, name, price, code) VALUES (7, 'g', 1, 1), (8, 'h', 1, 1)

> SELECT conname, contype FROM pg_constraint WHERE conrelid = 'item'::regclass ORDER BY conname

> ALTER TABLE item ADD COLUMN label text UNIQUE

# What stays as it is.

> ALTER TABLE item ALTER COLUMN id DROP NOT NULL

> ALTER TABLE item ALTER COLUMN nosuch SET NOT NULL

> ALTER TABLE memory ALTER COLUMN vector SET NOT NULL

> ALTER TABLE IF EXISTS nosuch ADD COLUMN x int

> ALTER TABLE item ALTER COLUMN price TYPE bigint

> BEGIN

> ALTER TABLE item ADD COLUMN gone int NOT NULL DEFAULT 1

> ROLLBACK

> SELECT count(*) FROM information_schema.columns WHERE table_name = 'item' AND column_name = 'gone'
