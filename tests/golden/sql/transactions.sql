# Blocks, the aborted state, savepoints and DDL inside of transactions.

> CREATE TABLE account (id int PRIMARY KEY, amount int)

> BEGIN

> INSERT INTO account VALUES (1, 100)

> SELECT * FROM account

> ROLLBACK

> SELECT count(*) FROM account

> BEGIN; INSERT INTO account VALUES (1, 100); INSERT INTO account VALUES (2, 50); COMMIT

> SELECT * FROM account ORDER BY id

> BEGIN

> UPDATE account SET amount = 0

> SELECT nothing FROM account

> SELECT 1

> INSERT INTO account VALUES (3, 1)

> COMMIT

> SELECT * FROM account ORDER BY id

> START TRANSACTION

> SAVEPOINT one

> UPDATE account SET amount = 1 WHERE id = 1

> SAVEPOINT two

> UPDATE account SET amount = 2 WHERE id = 1

> SELECT 1/0

> ROLLBACK TO SAVEPOINT two

> SELECT amount FROM account WHERE id = 1

> ROLLBACK TO one

> SELECT amount FROM account WHERE id = 1

> RELEASE SAVEPOINT one

> ROLLBACK TO one

> ROLLBACK

> SAVEPOINT outside

> BEGIN

> CREATE TABLE temporary_thing (id int PRIMARY KEY)

> INSERT INTO temporary_thing VALUES (1)

> SELECT * FROM temporary_thing

> ROLLBACK

> SELECT * FROM temporary_thing

> BEGIN

> CREATE TABLE lasting (id int PRIMARY KEY)

> INSERT INTO lasting VALUES (5)

> COMMIT

> SELECT * FROM lasting

> BEGIN

> DROP TABLE lasting

> SELECT * FROM lasting

> ROLLBACK

> SELECT * FROM lasting

> BEGIN

> INSERT INTO lasting VALUES (6)

> INSERT INTO lasting VALUES (6)

> END

> SELECT * FROM lasting

> INSERT INTO lasting VALUES (7); SELECT 1/0; INSERT INTO lasting VALUES (8)

> SELECT * FROM lasting

> COMMIT

> ROLLBACK

> BEGIN

> BEGIN

> COMMIT

> BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

> INSERT INTO lasting VALUES (9)

> ROLLBACK

> BEGIN

> DELETE FROM account WHERE id = 1

> INSERT INTO account VALUES (1, 77)

> SELECT * FROM account ORDER BY id

> COMMIT

> SELECT * FROM account ORDER BY id
