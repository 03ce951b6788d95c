# FOR UPDATE and its kin.

> one: CREATE TABLE job (id int PRIMARY KEY, status text); INSERT INTO job SELECT n, 'queued' FROM generate_series(1, 5) AS n

# Each gets a job of its own.

> one: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED

> two: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED

> three: BEGIN; SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED

> one: UPDATE job SET status = 'done' WHERE id = 1

> one: COMMIT

> two: ROLLBACK

> three: COMMIT

> one: SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 OFFSET 1 FOR UPDATE SKIP LOCKED

# NOWAIT.

> one: BEGIN; SELECT * FROM job WHERE id = 2 FOR UPDATE

> two: SELECT * FROM job WHERE id = 2 FOR UPDATE NOWAIT

> two: SELECT * FROM job WHERE id = 3 FOR UPDATE NOWAIT

# Readers do not wait.

> two: SELECT * FROM job WHERE id = 2

# Whoever waits sees what became of the row.

> two: SELECT * FROM job WHERE id = 2 AND status = 'queued' FOR UPDATE

> one: UPDATE job SET status = 'done' WHERE id = 2

> one: COMMIT

> one: BEGIN; SELECT * FROM job WHERE id = 3 FOR UPDATE

> two: SELECT * FROM job WHERE id IN (3, 4) ORDER BY id FOR UPDATE

> one: UPDATE job SET status = 'running' WHERE id = 3; COMMIT

> one: UPDATE job SET status = 'queued' WHERE id > 2

# The strengths.

> one: BEGIN; SELECT id FROM job WHERE id = 3 FOR KEY SHARE

> two: UPDATE job SET status = 'x' WHERE id = 3

> two: SELECT id FROM job WHERE id = 3 FOR SHARE NOWAIT

> two: SELECT id FROM job WHERE id = 3 FOR NO KEY UPDATE NOWAIT

> two: SELECT id FROM job WHERE id = 3 FOR UPDATE NOWAIT

> two: DELETE FROM job WHERE id = 3

> one: COMMIT

> one: BEGIN; SELECT id FROM job WHERE id = 4 FOR SHARE

> two: SELECT id FROM job WHERE id = 4 FOR KEY SHARE NOWAIT

> two: SELECT id FROM job WHERE id = 4 FOR NO KEY UPDATE NOWAIT

> one: COMMIT

> one: BEGIN; SELECT id FROM job WHERE id = 4 FOR NO KEY UPDATE

> two: SELECT id FROM job WHERE id = 4 FOR KEY SHARE NOWAIT

> two: SELECT id FROM job WHERE id = 4 FOR SHARE NOWAIT

> one: COMMIT

# Of joins, the tables that are named.

> one: CREATE TABLE step (id int PRIMARY KEY, job int, name text); INSERT INTO step VALUES (1, 4, 'a'), (2, 5, 'b')

> one: BEGIN; SELECT s.name, j.status FROM step s JOIN job j ON s.job = j.id WHERE s.id = 1 FOR UPDATE OF s

> two: SELECT id FROM job WHERE id = 4 FOR UPDATE NOWAIT

> two: SELECT id FROM step WHERE id = 1 FOR UPDATE NOWAIT

> two: SELECT s.name FROM step s JOIN job j ON s.job = j.id ORDER BY s.id FOR UPDATE SKIP LOCKED

> one: COMMIT

> one: BEGIN; SELECT s.name FROM step s LEFT JOIN job j ON s.job = j.id WHERE s.id = 1 FOR UPDATE OF s FOR SHARE OF s

> one: ROLLBACK

# Inside of other statements.

> one: UPDATE job SET status = 'queued'

> one: BEGIN; UPDATE job SET status = 'mine' WHERE id = (SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *

> two: BEGIN; WITH next AS (SELECT id FROM job WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE job SET status = 'yours' FROM next WHERE job.id = next.id RETURNING job.*

> three: DELETE FROM job WHERE id IN (SELECT id FROM job ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id

> three: WITH free AS (SELECT id, status FROM job ORDER BY id FOR UPDATE SKIP LOCKED) SELECT count(*), min(status) FROM free

> one: COMMIT

> two: COMMIT

> three: INSERT INTO job SELECT id + 100, status FROM job WHERE status = 'nothing' FOR UPDATE

# What has no rows of tables.

> one: SELECT count(*) FROM job FOR UPDATE

> one: SELECT status FROM job GROUP BY status FOR SHARE

> one: SELECT DISTINCT status FROM job FOR UPDATE

> one: SELECT id FROM job UNION SELECT id FROM step FOR UPDATE

> one: SELECT row_number() OVER () FROM job FOR NO KEY UPDATE

> one: SELECT s.name FROM step s LEFT JOIN job j ON s.job = j.id FOR UPDATE

> one: SELECT id FROM job FOR UPDATE OF nothing

> one: SELECT n FROM generate_series(1, 2) AS n FOR UPDATE

> one: SELECT n FROM generate_series(1, 2) AS n FOR UPDATE OF n

> one: SELECT id FROM job LIMIT -1 FOR UPDATE

> one: DROP TABLE job, step
