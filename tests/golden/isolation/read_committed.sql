# A writer waits for the row's other writer and goes on with its newest version.

> one: CREATE TABLE account (id int PRIMARY KEY, owner text, balance int); INSERT INTO account VALUES (1, 'a', 600), (2, 'b', 600)

# Both add to one balance: nothing is lost.

> one: BEGIN

> two: BEGIN

> one: UPDATE account SET balance = balance - 200 WHERE id = 1 RETURNING balance

> two: UPDATE account SET balance = balance + 450 WHERE id = 1 RETURNING balance

> one: COMMIT

> two: COMMIT

> one: SELECT * FROM account ORDER BY id

# The one before has rolled back: the other goes on with what was there.

> one: BEGIN; UPDATE account SET balance = 0 WHERE id = 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance

> one: ROLLBACK

# The condition is looked at again: it does not hold any more.

> one: BEGIN; UPDATE account SET balance = 100 WHERE id = 1

> two: UPDATE account SET balance = balance - 500 WHERE id = 1 AND balance >= 500 RETURNING balance

> one: COMMIT

> one: BEGIN; UPDATE account SET owner = 'c' WHERE id = 2

> two: UPDATE account SET balance = balance - 500 WHERE owner = 'b' RETURNING balance

> one: COMMIT

# It holds still, of one of two rows.

> one: BEGIN; UPDATE account SET balance = balance + 1000 WHERE id = 2

> two: UPDATE account SET balance = balance * 2 WHERE balance < 1000 RETURNING id, balance

> one: COMMIT

# The row is gone.

> one: BEGIN; DELETE FROM account WHERE id = 2

> two: UPDATE account SET balance = 0 WHERE id = 2

> one: COMMIT

> one: BEGIN; DELETE FROM account WHERE id = 1

> two: DELETE FROM account RETURNING id

> one: ROLLBACK

# Each statement of a block sees what was committed before it, beside its own writes; now() stays.

> one: INSERT INTO account VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)

> one: BEGIN; SELECT count(*) FROM account

> two: INSERT INTO account VALUES (4, 'd', 4); UPDATE account SET balance = 20 WHERE id = 2

> one: SELECT * FROM account ORDER BY id

> one: UPDATE account SET balance = balance + 1 WHERE id = 3

> two: UPDATE account SET balance = balance + 1 WHERE id = 4

> one: SELECT * FROM account ORDER BY id; SELECT now() = transaction_timestamp()

> two: UPDATE account SET balance = 0 WHERE id = 3

> one: COMMIT

> one: SELECT * FROM account ORDER BY id

# Three of them wait for one another's turn.

> one: BEGIN; UPDATE account SET balance = balance + 1 WHERE id = 1

> two: UPDATE account SET balance = balance * 10 WHERE id = 1 RETURNING balance

> three: UPDATE account SET balance = balance + 5 WHERE id = 1 RETURNING balance

> one: COMMIT

# Savepoints give up what was locked since.

> one: BEGIN; SAVEPOINT s; UPDATE account SET balance = 7 WHERE id = 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance

> one: ROLLBACK TO SAVEPOINT s

> one: COMMIT

# A block that has failed holds nothing any more.

> one: BEGIN; UPDATE account SET balance = 7 WHERE id = 1

> two: UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance

> one: SELECT 1 / 0

> one: ROLLBACK

# Waiting ends.

> one: BEGIN; UPDATE account SET balance = 7 WHERE id = 1

> two: SET lock_timeout = '20ms'; UPDATE account SET balance = 0 WHERE id = 1

> two: RESET lock_timeout; SET statement_timeout = '20ms'

> two: UPDATE account SET balance = 0 WHERE id = 1

> two: RESET statement_timeout

> one: ROLLBACK; DROP TABLE account
