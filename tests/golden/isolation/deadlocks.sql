# Whoever closes the circle gets the error, and the others go on. PostgreSQL has the one do it that has waited long enough first.

> one: SET deadlock_timeout = '100s'
SET

> two: SET deadlock_timeout = '20ms'
SET

> one: CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)
CREATE TABLE
INSERT 0 3

> one: BEGIN; UPDATE t SET n = n + 1 WHERE id = 1
BEGIN
UPDATE 1

> two: BEGIN; UPDATE t SET n = n + 1 WHERE id = 2
BEGIN
UPDATE 1

> one: UPDATE t SET n = n + 1 WHERE id = 2
<waiting ...>

> two: UPDATE t SET n = n + 1 WHERE id = 1
ERROR 40P01: deadlock detected
DETAIL: Process N waits for ShareLock on transaction N; blocked by process N.
Process N waits for ShareLock on transaction N; blocked by process N.
HINT: Run the transaction again. Transactions that lock the same rows in one order do not wait for each other in a circle.
one goes on:
UPDATE 1

> two: ROLLBACK
ROLLBACK

> one: COMMIT
COMMIT

> one: SELECT * FROM t ORDER BY id
 id | n
----+---
  1 | 1
  2 | 1
  3 | 0
(3 rows)

# Three of them.

> two: SET deadlock_timeout = '100s'
SET

> three: SET deadlock_timeout = '20ms'
SET

> one: BEGIN; UPDATE t SET n = 1 WHERE id = 1
BEGIN
UPDATE 1

> two: BEGIN; UPDATE t SET n = 2 WHERE id = 2
BEGIN
UPDATE 1

> three: BEGIN; UPDATE t SET n = 3 WHERE id = 3
BEGIN
UPDATE 1

> one: UPDATE t SET n = 1 WHERE id = 2
<waiting ...>

> two: UPDATE t SET n = 2 WHERE id = 3
<waiting ...>

> three: UPDATE t SET n = 3 WHERE id = 1
ERROR 40P01: deadlock detected
DETAIL: Process N waits for ShareLock on transaction N; blocked by process N.
Process N waits for ShareLock on transaction N; blocked by process N.
Process N waits for ShareLock on transaction N; blocked by process N.
HINT: Run the transaction again. Transactions that lock the same rows in one order do not wait for each other in a circle.
two goes on:
UPDATE 1

> three: ROLLBACK
ROLLBACK

> two: COMMIT
COMMIT
one goes on:
UPDATE 1

> one: COMMIT
COMMIT

# Two share a row, and both want to change it.

> two: SET deadlock_timeout = '20ms'
SET

> one: BEGIN; SELECT n FROM t WHERE id = 1 FOR SHARE
BEGIN
 n
---
 1
(1 row)

> two: BEGIN; SELECT n FROM t WHERE id = 1 FOR SHARE
BEGIN
 n
---
 1
(1 row)

> one: UPDATE t SET n = 10 WHERE id = 1
<waiting ...>

> two: UPDATE t SET n = 20 WHERE id = 1
ERROR 40P01: deadlock detected
DETAIL: Process N waits for ShareLock on transaction N; blocked by process N.
Process N waits for ShareLock on transaction N; blocked by process N.
HINT: Run the transaction again. Transactions that lock the same rows in one order do not wait for each other in a circle.
one goes on:
UPDATE 1

> two: ROLLBACK
ROLLBACK

> one: COMMIT
COMMIT

# Keys that both insert.

> one: BEGIN; INSERT INTO t VALUES (10, 0)
BEGIN
INSERT 0 1

> two: BEGIN; INSERT INTO t VALUES (11, 0)
BEGIN
INSERT 0 1

> one: INSERT INTO t VALUES (11, 1)
<waiting ...>

> two: INSERT INTO t VALUES (10, 1)
ERROR 40P01: deadlock detected
DETAIL: Process N waits for ShareLock on transaction N; blocked by process N.
Process N waits for ShareLock on transaction N; blocked by process N.
HINT: Run the transaction again. Transactions that lock the same rows in one order do not wait for each other in a circle.
one goes on:
INSERT 0 1

> two: ROLLBACK
ROLLBACK

> one: COMMIT
COMMIT

> one: SELECT * FROM t ORDER BY id
 id | n
----+----
  1 | 10
  2 |  1
  3 |  2
 10 |  0
 11 |  1
(5 rows)

> one: DROP TABLE t
DROP TABLE
