# Whoever inserts a key that somebody else has inserted waits for how that ends.

> one: CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE, n int)

> one: BEGIN; INSERT INTO t VALUES (1, 'a', 1)

> two: INSERT INTO t VALUES (1, 'b', 2)

> one: COMMIT

> one: BEGIN; INSERT INTO t VALUES (2, 'b', 1)

> two: INSERT INTO t VALUES (2, 'c', 2)

> one: ROLLBACK

> one: SELECT * FROM t ORDER BY id

# The same of a value of a unique index.

> one: BEGIN; INSERT INTO t VALUES (3, 'x', 1)

> two: INSERT INTO t VALUES (4, 'x', 2)

> one: COMMIT

> one: BEGIN; UPDATE t SET name = 'y' WHERE id = 1

> two: UPDATE t SET name = 'y' WHERE id = 2

> one: ROLLBACK

> one: BEGIN; DELETE FROM t WHERE id = 3

> two: INSERT INTO t VALUES (5, 'x', 5)

> one: COMMIT

> one: BEGIN; DELETE FROM t WHERE id = 5

> two: INSERT INTO t VALUES (6, 'x', 6)

> one: ROLLBACK

> one: SELECT * FROM t ORDER BY id

# ON CONFLICT DO UPDATE updates what the other has inserted, with what that has written.

> one: DELETE FROM t

> one: BEGIN; INSERT INTO t VALUES (1, 'a', 10)

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING *

> one: COMMIT

> one: BEGIN; UPDATE t SET n = 100 WHERE id = 1

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n WHERE t.n < 50 RETURNING *

> one: COMMIT

> one: BEGIN; DELETE FROM t WHERE id = 1

> two: INSERT INTO t VALUES (1, 'b', 1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING *

> one: COMMIT

> one: BEGIN; INSERT INTO t VALUES (2, 'c', 1)

> two: INSERT INTO t VALUES (3, 'c', 1) ON CONFLICT (name) DO UPDATE SET n = t.n + excluded.n RETURNING *

> one: COMMIT

# DO NOTHING does nothing, or inserts.

> one: BEGIN; INSERT INTO t VALUES (7, 'g', 1)

> two: INSERT INTO t VALUES (7, 'h', 2) ON CONFLICT DO NOTHING RETURNING *

> one: COMMIT

> one: BEGIN; INSERT INTO t VALUES (8, 'i', 1)

> two: INSERT INTO t VALUES (8, 'j', 2) ON CONFLICT DO NOTHING RETURNING *

> one: ROLLBACK

> one: SELECT * FROM t ORDER BY id

# An entry that gets another key waits for who inserts that.

> one: BEGIN; INSERT INTO t VALUES (20, 'z', 0)

> two: UPDATE t SET id = 20 WHERE id = 8

> one: COMMIT

> one: DROP TABLE t
