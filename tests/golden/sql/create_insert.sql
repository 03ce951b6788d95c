# Tables, rows, defaults, and the errors of both.

> CREATE TABLE package (id text PRIMARY KEY, name text NOT NULL, size int DEFAULT 7, price numeric(8,2), made timestamptz)

> INSERT INTO package (id, name) VALUES ('a', 'Abacus')

> INSERT INTO package VALUES ('b', 'Book', 3, 12.5, '2024-05-06 07:08:09+02'), ('c', 'Clock', NULL, -0.005, NULL)

> SELECT * FROM package ORDER BY id

> INSERT INTO package (name, id) SELECT upper(name), id || '2' FROM package WHERE size IS NOT NULL

> SELECT id, name, size FROM package ORDER BY id

> INSERT INTO package VALUES ('d', DEFAULT, DEFAULT)

> INSERT INTO package VALUES ('d', 'Door', DEFAULT)

> SELECT size FROM package WHERE id = 'd'

> INSERT INTO package (id) VALUES ('e')

> INSERT INTO package (id, name) VALUES ('a', 'again')

> INSERT INTO package (id, name) VALUES ('x', 'X'), ('y', 'Y'), ('x', 'twice')

> SELECT count(*) FROM package WHERE id IN ('x', 'y')

> INSERT INTO package VALUES ('f', 'Far', 1, 2, now(), 5)

> INSERT INTO package (id, name) VALUES ('f', 'Far', 1)

> INSERT INTO package (id, name, size) VALUES ('f', 'Far')

> INSERT INTO package (id, id) VALUES ('f', 'Far')

> INSERT INTO package (id, nothing) VALUES ('f', 'Far')

> INSERT INTO nowhere VALUES (1)

> INSERT INTO package (id, name, price) VALUES ('g', 'Gold', 1234567.89)

> INSERT INTO package (id, name, size) VALUES ('h', 'Hay', 3000000000)

> CREATE TABLE package (id int)

> CREATE TABLE IF NOT EXISTS package (id int)

> CREATE TABLE twice (a int, a text)

> CREATE TABLE composite (a int, b text, c float8, PRIMARY KEY (a, b))

> INSERT INTO composite VALUES (1, 'x', 0.5), (1, 'y', 1e300), (-1, 'x', 'NaN')

> SELECT * FROM composite ORDER BY a, b

> INSERT INTO composite VALUES (1, 'y', 0)

> SELECT c FROM composite WHERE a = 1 AND b = 'y'

> CREATE TABLE keyless (word text, number int)

> INSERT INTO keyless VALUES ('same', 1), ('same', 1), ('other', NULL)

> SELECT * FROM keyless ORDER BY word, number

> CREATE TABLE "Odd Name" ("Upper" int PRIMARY KEY, "select" text)

> INSERT INTO "Odd Name" VALUES (1, 'quoted')

> SELECT "select" FROM "Odd Name" WHERE "Upper" = 1

> SELECT upper FROM "Odd Name"

> CREATE TABLE public.qualified (id int PRIMARY KEY)

> INSERT INTO public.qualified VALUES (1) RETURNING id

> DROP TABLE public.qualified

> DROP TABLE qualified

> DROP TABLE IF EXISTS qualified

> DROP TABLE composite, keyless

> SELECT * FROM keyless

> CREATE TABLE sizes (word varchar(3), letter char(2))

> INSERT INTO sizes VALUES ('abcd', 'x')

> INSERT INTO sizes VALUES ('abc', 'x')

> SELECT word || '.', letter FROM sizes
