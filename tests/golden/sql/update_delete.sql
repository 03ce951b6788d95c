# UPDATE and DELETE with filters, FROM, subqueries and key changes.

> CREATE TABLE task (id int PRIMARY KEY, kind text, done bool DEFAULT false, weight float8)

> INSERT INTO task SELECT n, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, false, n / 4.0 FROM generate_series(1, 8) AS n

> UPDATE task SET done = true WHERE kind = 'even'

> SELECT * FROM task ORDER BY id

> UPDATE task SET weight = weight + 1, kind = kind || '!' WHERE id = 3

> SELECT * FROM task WHERE id = 3

> UPDATE task SET weight = NULL

> SELECT count(*), count(weight) FROM task

> UPDATE task SET id = 100 WHERE id = 1

> SELECT id FROM task ORDER BY id

> UPDATE task SET id = 2 WHERE id = 100

> UPDATE task SET kind = DEFAULT, done = DEFAULT WHERE id = 2 RETURNING *

> CREATE TABLE extra (task_id int PRIMARY KEY, label text)

> INSERT INTO extra VALUES (2, 'two'), (4, 'four'), (99, 'none')

> UPDATE task SET kind = extra.label FROM extra WHERE extra.task_id = task.id

> SELECT id, kind FROM task WHERE id <= 4 ORDER BY id

> UPDATE task SET weight = (SELECT max(task_id) FROM extra) WHERE id IN (SELECT task_id FROM extra)

> SELECT id, weight FROM task WHERE weight IS NOT NULL ORDER BY id

> UPDATE task SET nothing = 1

> UPDATE task SET id = NULL WHERE id = 2

> UPDATE task SET done = 'maybe' WHERE id = 2

> UPDATE task SET (kind, weight) = ('pair', 0.25) WHERE id = 8

> SELECT kind, weight FROM task WHERE id = 8

> DELETE FROM task WHERE id = 8

> DELETE FROM task WHERE id = 8

> DELETE FROM task USING extra WHERE task.id = extra.task_id AND extra.label = 'four'

> DELETE FROM task WHERE id IN (SELECT task_id FROM extra) RETURNING id

> SELECT id FROM task ORDER BY id

> UPDATE task AS t SET weight = t.id * 1.5 WHERE t.id > 6

> SELECT id, weight FROM task WHERE id > 6 ORDER BY id

> DELETE FROM task WHERE nothing = 1

> DELETE FROM task

> SELECT count(*) FROM task

> TRUNCATE extra

> SELECT count(*) FROM extra
