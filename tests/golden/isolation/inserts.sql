# Whoever inserts a key that somebody else has inserted waits for how that ends.

> one: CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE, n int)
CREATE TABLE

> one: BEGIN; INSERT INTO t VALUES (1, 'a', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (1, 'b', 2)
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
DETAIL: Key (id)=(1) already exists.

> one: BEGIN; INSERT INTO t VALUES (2, 'b', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (2, 'c', 2)
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
INSERT 0 1

> one: SELECT * FROM t ORDER BY id
 id | name | n
----+------+---
  1 | a    | 1
  2 | c    | 2
(2 rows)

# The same of a value of a unique index.

> one: BEGIN; INSERT INTO t VALUES (3, 'x', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (4, 'x', 2)
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 23505: duplicate key value violates unique constraint "t_name_key"
DETAIL: Key (name)=(x) already exists.

> one: BEGIN; UPDATE t SET name = 'y' WHERE id = 1
BEGIN
UPDATE 1

> two: UPDATE t SET name = 'y' WHERE id = 2
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
UPDATE 1

> one: BEGIN; DELETE FROM t WHERE id = 3
BEGIN
DELETE 1

> two: INSERT INTO t VALUES (5, 'x', 5)
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
INSERT 0 1

> one: BEGIN; DELETE FROM t WHERE id = 5
BEGIN
DELETE 1

> two: INSERT INTO t VALUES (6, 'x', 6)
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
ERROR 23505: duplicate key value violates unique constraint "t_name_key"
DETAIL: Key (name)=(x) already exists.

> one: SELECT * FROM t ORDER BY id
 id | name | n
----+------+---
  1 | a    | 1
  2 | y    | 2
  5 | x    | 5
(3 rows)

# ON CONFLICT DO UPDATE updates what the other has inserted, with what that has written.

> one: DELETE FROM t
DELETE 3

> one: BEGIN; INSERT INTO t VALUES (1, 'a', 10)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING *
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | name | n
----+------+----
  1 | a    | 11
(1 row)
INSERT 0 1

> one: BEGIN; UPDATE t SET n = 100 WHERE id = 1
BEGIN
UPDATE 1

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n WHERE t.n < 50 RETURNING *
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | name | n
----+------+---
(0 rows)
INSERT 0 0

> one: BEGIN; DELETE FROM t WHERE id = 1
BEGIN
DELETE 1

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING *
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | name | n
----+------+---
  1 | b    | 1
(1 row)
INSERT 0 1

> one: BEGIN; INSERT INTO t VALUES (2, 'c', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (3, 'c', 1) ON CONFLICT (name) DO UPDATE SET n = t.n + excluded.n RETURNING *
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | name | n
----+------+---
  2 | c    | 2
(1 row)
INSERT 0 1

# DO NOTHING does nothing, or inserts.

> one: BEGIN; INSERT INTO t VALUES (7, 'g', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (7, 'h', 2) ON CONFLICT DO NOTHING RETURNING *
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
 id | name | n
----+------+---
(0 rows)
INSERT 0 0

> one: BEGIN; INSERT INTO t VALUES (8, 'i', 1)
BEGIN
INSERT 0 1

> two: INSERT INTO t VALUES (8, 'j', 2) ON CONFLICT DO NOTHING RETURNING *
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
 id | name | n
----+------+---
  8 | j    | 2
(1 row)
INSERT 0 1

> one: SELECT * FROM t ORDER BY id
 id | name | n
----+------+---
  1 | b    | 1
  2 | c    | 2
  7 | g    | 1
  8 | j    | 2
(4 rows)

# An entry that gets another key waits for who inserts that.

> one: BEGIN; INSERT INTO t VALUES (20, 'z', 0)
BEGIN
INSERT 0 1

> two: UPDATE t SET id = 20 WHERE id = 8
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
DETAIL: Key (id)=(20) already exists.

> one: DROP TABLE t
DROP TABLE
