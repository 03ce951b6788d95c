# REPEATABLE READ: what others have changed since the first statement cannot be changed.

> one: CREATE TABLE account (id int PRIMARY KEY, balance int); INSERT INTO account VALUES (1, 600), (2, 600)

> one: BEGIN ISOLATION LEVEL REPEATABLE READ

> two: UPDATE account SET balance = 500 WHERE id = 2

> one: SELECT * FROM account ORDER BY id

> two: UPDATE account SET balance = 0 WHERE id = 1

> one: SELECT * FROM account ORDER BY id

> one: UPDATE account SET balance = balance + 1 WHERE id = 1

> one: ROLLBACK

# Who waits for one that commits has lost, who waits for one that rolls back goes on.

> one: BEGIN; UPDATE account SET balance = 1 WHERE id = 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> two: UPDATE account SET balance = balance + 10 WHERE id = 1 RETURNING balance

> one: ROLLBACK

> two: COMMIT

> one: BEGIN; UPDATE account SET balance = 1 WHERE id = 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> two: UPDATE account SET balance = balance + 10 WHERE balance < 100 RETURNING balance

> one: COMMIT

> two: ROLLBACK

> one: BEGIN; DELETE FROM account WHERE id = 1

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> two: DELETE FROM account WHERE id = 1

> one: COMMIT

> two: ROLLBACK

# A key that somebody else has inserted since is taken, seen or not.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> one: INSERT INTO account VALUES (3, 3)

> two: INSERT INTO account VALUES (3, 33)

> two: ROLLBACK

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> one: INSERT INTO account VALUES (4, 4)

> two: INSERT INTO account VALUES (4, 44) ON CONFLICT (id) DO UPDATE SET balance = 0

> two: ROLLBACK

# Locking a row is changing it.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> one: UPDATE account SET balance = 5 WHERE id = 4

> two: SELECT * FROM account WHERE id = 4 FOR UPDATE

> two: ROLLBACK

# Two that change different rows both commit: write skew is what this level allows.

> one: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(balance) FROM account

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(balance) FROM account

> one: UPDATE account SET balance = 0 WHERE id = 2

> two: UPDATE account SET balance = 0 WHERE id = 3

> one: COMMIT

> two: COMMIT

> one: DROP TABLE account
