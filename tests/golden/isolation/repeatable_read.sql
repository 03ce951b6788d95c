# REPEATABLE READ: what others have changed since the first statement cannot be changed.

> one: CREATE TABLE account (id int PRIMARY KEY, balance int); INSERT INTO account VALUES (1, 600), (2, 600)
CREATE TABLE
INSERT 0 2

> one: BEGIN ISOLATION LEVEL REPEATABLE READ
BEGIN

> two: UPDATE account SET balance = 500 WHERE id = 2
UPDATE 1

> one: SELECT * FROM account ORDER BY id
 id | balance
----+---------
  1 |     600
  2 |     500
(2 rows)

> two: UPDATE account SET balance = 0 WHERE id = 1
UPDATE 1

> one: SELECT * FROM account ORDER BY id
 id | balance
----+---------
  1 |     600
  2 |     500
(2 rows)

> one: UPDATE account SET balance = balance + 1 WHERE id = 1
ERROR 40001: could not serialize access due to concurrent update

> one: ROLLBACK
ROLLBACK

# Who waits for one that commits has lost, who waits for one that rolls back goes on.

> one: BEGIN; UPDATE account SET balance = 1 WHERE id = 1
BEGIN
UPDATE 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> two: UPDATE account SET balance = balance + 10 WHERE id = 1 RETURNING balance
<waiting ...>

> one: ROLLBACK
ROLLBACK
two goes on:
 balance
---------
      10
(1 row)
UPDATE 1

> two: COMMIT
COMMIT

> one: BEGIN; UPDATE account SET balance = 1 WHERE id = 1
BEGIN
UPDATE 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> two: UPDATE account SET balance = balance + 10 WHERE balance < 100 RETURNING balance
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 40001: could not serialize access due to concurrent update

> two: ROLLBACK
ROLLBACK

> one: BEGIN; DELETE FROM account WHERE id = 1
BEGIN
DELETE 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> two: DELETE FROM account WHERE id = 1
<waiting ...>

> one: COMMIT
COMMIT
two goes on:
ERROR 40001: could not serialize access due to concurrent delete

> two: ROLLBACK
ROLLBACK

# A key that somebody else has inserted since is taken, seen or not.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     1
(1 row)

> one: INSERT INTO account VALUES (3, 3)
INSERT 0 1

> two: INSERT INTO account VALUES (3, 33)
ERROR 23505: duplicate key value violates unique constraint "account_pkey"
DETAIL: Key (id)=(3) already exists.

> two: ROLLBACK
ROLLBACK

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     2
(1 row)

> one: INSERT INTO account VALUES (4, 4)
INSERT 0 1

> two: INSERT INTO account VALUES (4, 44) ON CONFLICT (id) DO UPDATE SET balance = 0
ERROR 40001: could not serialize access due to concurrent update

> two: ROLLBACK
ROLLBACK

# Locking a row is changing it.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account
BEGIN
 count
-------
     3
(1 row)

> one: UPDATE account SET balance = 5 WHERE id = 4
UPDATE 1

> two: SELECT * FROM account WHERE id = 4 FOR UPDATE
ERROR 40001: could not serialize access due to concurrent update

> two: ROLLBACK
ROLLBACK

# Two that change different rows both commit: write skew is what this level allows.

> one: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(balance) FROM account
BEGIN
 sum
-----
 508
(1 row)

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(balance) FROM account
BEGIN
 sum
-----
 508
(1 row)

> one: UPDATE account SET balance = 0 WHERE id = 2
UPDATE 1

> two: UPDATE account SET balance = 0 WHERE id = 3
UPDATE 1

> one: COMMIT
COMMIT

> two: COMMIT
COMMIT

> one: DROP TABLE account
DROP TABLE
