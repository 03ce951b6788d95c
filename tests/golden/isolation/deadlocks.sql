# Whoever closes the circle gets the error, and the others go on. PostgreSQL has the one do it that has waited long enough first.

> one: SET deadlock_timeout = '100s'

> two: SET deadlock_timeout = '100s'

> three: SET deadlock_timeout = '100s'

> one: CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)

> one: BEGIN; UPDATE t SET n = n + 1 WHERE id = 1

> two: BEGIN; UPDATE t SET n = n + 1 WHERE id = 2

> one: UPDATE t SET n = n + 1 WHERE id = 2

> two: UPDATE t SET n = n + 1 WHERE id = 1

> two: ROLLBACK

> one: COMMIT

> one: SELECT * FROM t ORDER BY id

# Three of them.

> one: BEGIN; UPDATE t SET n = 1 WHERE id = 1

> two: BEGIN; UPDATE t SET n = 2 WHERE id = 2

> three: BEGIN; UPDATE t SET n = 3 WHERE id = 3

> one: UPDATE t SET n = 1 WHERE id = 2

> two: UPDATE t SET n = 2 WHERE id = 3

> three: UPDATE t SET n = 3 WHERE id = 1

> three: ROLLBACK

> two: COMMIT

> one: COMMIT

# Two share a row, and both want to change it.

> one: BEGIN; SELECT n FROM t WHERE id = 1 FOR SHARE

> two: BEGIN; SELECT n FROM t WHERE id = 1 FOR SHARE

> one: UPDATE t SET n = 10 WHERE id = 1

> two: UPDATE t SET n = 20 WHERE id = 1

> two: ROLLBACK

> one: COMMIT

# Keys that both insert.

> one: BEGIN; INSERT INTO t VALUES (10, 0)

> two: BEGIN; INSERT INTO t VALUES (11, 0)

> one: INSERT INTO t VALUES (11, 1)

> two: INSERT INTO t VALUES (10, 1)

> two: ROLLBACK

> one: COMMIT

> one: SELECT * FROM t ORDER BY id

> one: DROP TABLE t
