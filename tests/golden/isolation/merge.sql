# MERGE waits for the rows that it changes, and decides anew by what they have become.

> one: CREATE TABLE account (id int PRIMARY KEY, owner text, balance int); INSERT INTO account VALUES (1, 'a', 100), (2, 'b', 200), (3, 'c', 300)

# The other has changed the row: its newest version is what counts.

> one: BEGIN; UPDATE account SET balance = balance + 50 WHERE id = 1

> two: MERGE INTO account USING (VALUES (1, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED AND balance < 120 THEN UPDATE SET balance = balance + n WHEN MATCHED THEN UPDATE SET balance = -balance WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*

> one: COMMIT

# It has deleted the row: there is none that matches any more.

> one: BEGIN; DELETE FROM account WHERE id = 2

> two: MERGE INTO account USING (VALUES (2, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*

> one: COMMIT

# It has rolled back.

> one: BEGIN; DELETE FROM account WHERE id = 2

> two: MERGE INTO account USING (VALUES (2, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n) RETURNING merge_action(), account.*

> one: ROLLBACK

# It has inserted the row: the statement did not see it.

> one: BEGIN; INSERT INTO account VALUES (4, 'd', 400)

> two: MERGE INTO account USING (VALUES (4, 7)) AS v (id, n) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'new', n)

> one: COMMIT

# Two of them at once.

> one: BEGIN; MERGE INTO account USING (VALUES (3), (1)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1

> two: MERGE INTO account USING (VALUES (3)) AS v (id) ON account.id = v.id WHEN MATCHED THEN DELETE RETURNING account.*

> one: COMMIT

# Rows that nothing is done with are not waited for.

> one: BEGIN; UPDATE account SET balance = 0 WHERE id = 1

> two: MERGE INTO account USING (VALUES (1), (4)) AS v (id) ON account.id = v.id WHEN MATCHED AND account.id = 4 THEN DELETE WHEN MATCHED THEN DO NOTHING RETURNING account.id

> one: ROLLBACK

# At the other levels a row that has changed ends the statement.

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> one: UPDATE account SET balance = 1 WHERE id = 1

> two: MERGE INTO account USING (VALUES (1)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1

> two: ROLLBACK

> two: BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account

> one: DELETE FROM account WHERE id = 2

> two: MERGE INTO account USING (VALUES (2)) AS v (id) ON account.id = v.id WHEN MATCHED THEN UPDATE SET balance = balance + 1

> two: ROLLBACK

> one: SELECT * FROM account ORDER BY id
