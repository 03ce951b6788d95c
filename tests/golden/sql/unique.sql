# Unique values in one session: blocks, savepoints, swaps, NULLs, and which constraint ON CONFLICT is about.

> CREATE TABLE u (id int PRIMARY KEY, a int UNIQUE, b text)
CREATE TABLE

> INSERT INTO u VALUES (1, 10, 'x'), (2, 20, 'y'), (3, NULL, 'n'), (4, NULL, 'm')
INSERT 0 4

> INSERT INTO u VALUES (5, 50, 'z'), (6, 50, 'z')
ERROR 23505: duplicate key value violates unique constraint "u_a_key"
DETAIL: Key (a)=(50) already exists.

> UPDATE u SET a = 30 - a WHERE id IN (1, 2)
ERROR 23505: duplicate key value violates unique constraint "u_a_key"
DETAIL: Key (a)=(20) already exists.

> BEGIN
BEGIN

> UPDATE u SET a = -1 WHERE id = 1
UPDATE 1

> UPDATE u SET a = 10 WHERE id = 2
UPDATE 1

> UPDATE u SET a = 20 WHERE id = 1
UPDATE 1

> COMMIT
COMMIT

> SELECT id, a FROM u ORDER BY id
 id |  a
----+------
  1 |   20
  2 |   10
  3 | NULL
  4 | NULL
(4 rows)

> BEGIN
BEGIN

> DELETE FROM u WHERE id = 1
DELETE 1

> INSERT INTO u VALUES (11, 20, 'again')
INSERT 0 1

> INSERT INTO u VALUES (12, 20, 'twice')
ERROR 23505: duplicate key value violates unique constraint "u_a_key"
DETAIL: Key (a)=(20) already exists.

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> DELETE FROM u WHERE id = 1
DELETE 1

> INSERT INTO u VALUES (0, 20, 'again')
INSERT 0 1

> COMMIT
COMMIT

> SELECT id, a FROM u WHERE a = 20
 id | a
----+----
  0 | 20
(1 row)

> BEGIN
BEGIN

> SAVEPOINT s
SAVEPOINT

> INSERT INTO u VALUES (21, 210, 'taken back')
INSERT 0 1

> ROLLBACK TO s
ROLLBACK

> INSERT INTO u VALUES (22, 210, 'kept')
INSERT 0 1

> SAVEPOINT t
SAVEPOINT

> INSERT INTO u VALUES (23, 210, 'double')
ERROR 23505: duplicate key value violates unique constraint "u_a_key"
DETAIL: Key (a)=(210) already exists.

> ROLLBACK TO t
ROLLBACK

> UPDATE u SET a = NULL WHERE id = 22
UPDATE 1

> INSERT INTO u VALUES (23, 210, 'free')
INSERT 0 1

> COMMIT
COMMIT

> SELECT id, a FROM u WHERE id > 20 ORDER BY id
 id |  a
----+------
 22 | NULL
 23 |  210
(2 rows)

> BEGIN
BEGIN

> CREATE UNIQUE INDEX u_b ON u (b)
CREATE INDEX

> INSERT INTO u VALUES (31, 310, 'kept')
ERROR 23505: duplicate key value violates unique constraint "u_b"
DETAIL: Key (b)=(kept) already exists.

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> CREATE TABLE v (id int, a int)
CREATE TABLE

> INSERT INTO v VALUES (1, 1), (2, 1)
INSERT 0 2

> CREATE UNIQUE INDEX v_a ON v (a)
ERROR 23505: could not create unique index "v_a"
DETAIL: Key (a)=(1) is duplicated.

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> CREATE TABLE v (id int, a int)
CREATE TABLE

> INSERT INTO v VALUES (1, 1), (2, 2), (3, NULL), (4, NULL)
INSERT 0 4

> CREATE UNIQUE INDEX v_a ON v (a)
CREATE INDEX

> INSERT INTO v VALUES (5, 3)
INSERT 0 1

> INSERT INTO v VALUES (6, 3)
ERROR 23505: duplicate key value violates unique constraint "v_a"
DETAIL: Key (a)=(3) already exists.

> ROLLBACK
ROLLBACK

> CREATE TABLE w (id int PRIMARY KEY, a int UNIQUE, b int UNIQUE, n int DEFAULT 0)
CREATE TABLE

> INSERT INTO w VALUES (1, 1, 1), (2, 2, 2)
INSERT 0 2

# The row of the key is the row of the value, and the clause is about the value.
> INSERT INTO w VALUES (1, 1, 9) ON CONFLICT (a) DO UPDATE SET n = w.n + 1 RETURNING *
 id | a | b | n
----+---+---+---
  1 | 1 | 1 | 1
(1 row)
INSERT 0 1

> INSERT INTO w VALUES (1, 1, 9) ON CONFLICT (a) DO NOTHING
INSERT 0 0

> INSERT INTO w VALUES (1, 5, 5) ON CONFLICT (a) DO UPDATE SET n = 100
ERROR 23505: duplicate key value violates unique constraint "w_pkey"
DETAIL: Key (id)=(1) already exists.

> INSERT INTO w VALUES (5, 5, 1) ON CONFLICT (a) DO UPDATE SET n = 100
ERROR 23505: duplicate key value violates unique constraint "w_b_key"
DETAIL: Key (b)=(1) already exists.

> INSERT INTO w VALUES (5, 5, 1) ON CONFLICT DO NOTHING
INSERT 0 0

> INSERT INTO w VALUES (5, 1, 2) ON CONFLICT (b) DO UPDATE SET n = excluded.a + 10 RETURNING *
 id | a | b | n
----+---+---+----
  2 | 2 | 2 | 11
(1 row)
INSERT 0 1

> INSERT INTO w VALUES (5, 1, 8) ON CONFLICT (a) DO UPDATE SET b = 2
ERROR 23505: duplicate key value violates unique constraint "w_b_key"
DETAIL: Key (b)=(2) already exists.

> INSERT INTO w VALUES (6, 6, 6), (7, 6, 7) ON CONFLICT (a) DO UPDATE SET n = 1
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time
HINT: Ensure that no rows proposed for insertion within the same command have duplicate constrained values.

> INSERT INTO w VALUES (6, 6, 6), (7, 6, 7) ON CONFLICT (a) DO NOTHING
INSERT 0 1

> INSERT INTO w VALUES (8, NULL, 8), (9, NULL, 9) ON CONFLICT (a) DO UPDATE SET n = 1
INSERT 0 2

> CREATE UNIQUE INDEX w_a ON w (a)
CREATE INDEX

> INSERT INTO w VALUES (10, 6, 10) ON CONFLICT (a) DO UPDATE SET n = 7 RETURNING id, n
 id | n
----+---
  6 | 7
(1 row)
INSERT 0 1

> INSERT INTO w VALUES (10, 6, 10) ON CONFLICT ON CONSTRAINT w_b_key DO UPDATE SET n = 8
ERROR 23505: duplicate key value violates unique constraint "w_a_key"
DETAIL: Key (a)=(6) already exists.

> SELECT * FROM w ORDER BY id
 id |  a   | b | n
----+------+---+----
  1 |    1 | 1 |  1
  2 |    2 | 2 | 11
  6 |    6 | 6 |  7
  8 | NULL | 8 |  0
  9 | NULL | 9 |  0
(5 rows)
