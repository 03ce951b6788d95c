# Tables, rows, defaults, and the errors of both.

> CREATE TABLE package (id text PRIMARY KEY, name text NOT NULL, size int DEFAULT 7, price numeric(8,2), made timestamptz)
CREATE TABLE

> INSERT INTO package (id, name) VALUES ('a', 'Abacus')
INSERT 0 1

> INSERT INTO package VALUES ('b', 'Book', 3, 12.5, '2024-05-06 07:08:09+02'), ('c', 'Clock', NULL, -0.005, NULL)
INSERT 0 2

> SELECT * FROM package ORDER BY id
 id |  name  | size | price |          made
----+--------+------+-------+------------------------
 a  | Abacus |    7 |  NULL | NULL
 b  | Book   |    3 | 12.50 | 2024-05-06 05:08:09+00
 c  | Clock  | NULL | -0.01 | NULL
(3 rows)

> INSERT INTO package (name, id) SELECT upper(name), id || '2' FROM package WHERE size IS NOT NULL
INSERT 0 2

> SELECT id, name, size FROM package ORDER BY id
 id |  name  | size
----+--------+------
 a  | Abacus |    7
 a2 | ABACUS |    7
 b  | Book   |    3
 b2 | BOOK   |    7
 c  | Clock  | NULL
(5 rows)

# differs: PostgreSQL answers
#   ERROR 23502: null value in column "name" of relation "package" violates not-null constraint
#   DETAIL: Failing row contains (d, null, 7, null, null).
> INSERT INTO package VALUES ('d', DEFAULT, DEFAULT)
ERROR 23502: null value in column "name" of relation "package" violates not-null constraint
DETAIL: Failing row contains (d, null, 7, null, null).

> INSERT INTO package VALUES ('d', 'Door', DEFAULT)
INSERT 0 1

> SELECT size FROM package WHERE id = 'd'
 size
------
    7
(1 row)

# differs: PostgreSQL answers
#   ERROR 23502: null value in column "name" of relation "package" violates not-null constraint
#   DETAIL: Failing row contains (e, null, 7, null, null).
> INSERT INTO package (id) VALUES ('e')
ERROR 23502: null value in column "name" of relation "package" violates not-null constraint
DETAIL: Failing row contains (e, null, 7, null, null).

> INSERT INTO package (id, name) VALUES ('a', 'again')
ERROR 23505: duplicate key value violates unique constraint "package_pkey"
DETAIL: Key (id)=(a) already exists.

> INSERT INTO package (id, name) VALUES ('x', 'X'), ('y', 'Y'), ('x', 'twice')
ERROR 23505: duplicate key value violates unique constraint "package_pkey"
DETAIL: Key (id)=(x) already exists.

> SELECT count(*) FROM package WHERE id IN ('x', 'y')
 count
-------
     0
(1 row)

> INSERT INTO package VALUES ('f', 'Far', 1, 2, now(), 5)
ERROR 42601: INSERT has more expressions than target columns
LINE 1: INSERT INTO package VALUES ('f', 'Far', 1, 2, now(), 5)
                                                             ^

> INSERT INTO package (id, name) VALUES ('f', 'Far', 1)
ERROR 42601: INSERT has more expressions than target columns
LINE 1: INSERT INTO package (id, name) VALUES ('f', 'Far', 1)
                                                           ^

# differs: PostgreSQL points at the place
> INSERT INTO package (id, name, size) VALUES ('f', 'Far')
ERROR 42601: INSERT has more target columns than expressions

> INSERT INTO package (id, id) VALUES ('f', 'Far')
ERROR 42701: column "id" specified more than once
LINE 1: INSERT INTO package (id, id) VALUES ('f', 'Far')
                                 ^

> INSERT INTO package (id, nothing) VALUES ('f', 'Far')
ERROR 42703: column "nothing" of relation "package" does not exist
LINE 1: INSERT INTO package (id, nothing) VALUES ('f', 'Far')
                                 ^

> INSERT INTO nowhere VALUES (1)
ERROR 42P01: relation "nowhere" does not exist
LINE 1: INSERT INTO nowhere VALUES (1)
                    ^

# differs: PostgreSQL points at no place
> INSERT INTO package (id, name, price) VALUES ('g', 'Gold', 1234567.89)
ERROR 22003: numeric field overflow
LINE 1: INSERT INTO package (id, name, price) VALUES ('g', 'Gold', 1234567.89)
                                                                   ^
DETAIL: A field with precision 8, scale 2 must round to an absolute value less than 10^6.

# differs: PostgreSQL points at no place
> INSERT INTO package (id, name, size) VALUES ('h', 'Hay', 3000000000)
ERROR 22003: integer out of range
LINE 1: INSERT INTO package (id, name, size) VALUES ('h', 'Hay', 3000000000)
                                                                 ^

> CREATE TABLE package (id int)
ERROR 42P07: relation "package" already exists

# differs: PostgreSQL answers
#   NOTICE: relation "package" already exists, skipping
#   CREATE TABLE
> CREATE TABLE IF NOT EXISTS package (id int)
NOTICE: relation "package" already exists, skipping
CREATE TABLE

# differs: PostgreSQL points at no place
> CREATE TABLE twice (a int, a text)
ERROR 42701: column "a" specified more than once
LINE 1: CREATE TABLE twice (a int, a text)
                                   ^

> CREATE TABLE composite (a int, b text, c float8, PRIMARY KEY (a, b))
CREATE TABLE

> INSERT INTO composite VALUES (1, 'x', 0.5), (1, 'y', 1e300), (-1, 'x', 'NaN')
INSERT 0 3

> SELECT * FROM composite ORDER BY a, b
 a  | b |   c
----+---+--------
 -1 | x |    NaN
  1 | x |    0.5
  1 | y | 1e+300
(3 rows)

> INSERT INTO composite VALUES (1, 'y', 0)
ERROR 23505: duplicate key value violates unique constraint "composite_pkey"
DETAIL: Key (a, b)=(1, y) already exists.

> SELECT c FROM composite WHERE a = 1 AND b = 'y'
   c
--------
 1e+300
(1 row)

> CREATE TABLE keyless (word text, number int)
CREATE TABLE

> INSERT INTO keyless VALUES ('same', 1), ('same', 1), ('other', NULL)
INSERT 0 3

> SELECT * FROM keyless ORDER BY word, number
 word  | number
-------+--------
 other |   NULL
 same  |      1
 same  |      1
(3 rows)

> CREATE TABLE "Odd Name" ("Upper" int PRIMARY KEY, "select" text)
CREATE TABLE

> INSERT INTO "Odd Name" VALUES (1, 'quoted')
INSERT 0 1

> SELECT "select" FROM "Odd Name" WHERE "Upper" = 1
 select
--------
 quoted
(1 row)

> SELECT upper FROM "Odd Name"
ERROR 42703: column "upper" does not exist
LINE 1: SELECT upper FROM "Odd Name"
               ^
HINT: Perhaps you meant to reference the column "Odd Name.Upper".

> CREATE TABLE public.qualified (id int PRIMARY KEY)
CREATE TABLE

> INSERT INTO public.qualified VALUES (1) RETURNING id
 id
----
  1
(1 row)
INSERT 0 1

> DROP TABLE public.qualified
DROP TABLE

# differs: PostgreSQL points at no place
> DROP TABLE qualified
ERROR 42P01: table "qualified" does not exist
LINE 1: DROP TABLE qualified
                   ^

# differs: PostgreSQL answers
#   NOTICE: table "qualified" does not exist, skipping
#   DROP TABLE
> DROP TABLE IF EXISTS qualified
NOTICE: table "qualified" does not exist, skipping
DROP TABLE

> DROP TABLE composite, keyless
DROP TABLE

> SELECT * FROM keyless
ERROR 42P01: relation "keyless" does not exist
LINE 1: SELECT * FROM keyless
                      ^

> CREATE TABLE sizes (word varchar(3), letter char(2))
CREATE TABLE

# differs: PostgreSQL points at no place
> INSERT INTO sizes VALUES ('abcd', 'x')
ERROR 22001: value too long for type character varying(3)
LINE 1: INSERT INTO sizes VALUES ('abcd', 'x')
                                  ^

> INSERT INTO sizes VALUES ('abc', 'x')
INSERT 0 1

> SELECT word || '.', letter FROM sizes
 ?column? | letter
----------+--------
 abc.     | x
(1 row)
