# What goes wrong in a statement, with the place psql points at.

> CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL, amount int, at date)

> SELECT * FROM missing

> SELECT * FROM missing.thing

> SELECT nothing FROM thing

> SELECT thing.nothing FROM thing

> SELECT t.id FROM thing

> SELECT id, nmae FROM thing
> WHERE id = 1

> SELEC 1

> SELECT 1 +

> SELECT * FROM

> SELECT (1

> SELECT 'open

> SELECT 1 /* open

> SELECT * FROM thing WHERE

> SELECT * FROM thing ORDER

> INSERT INTO thing VALUES (1)

> INSERT INTO thing VALUES ('x', 'y')

> INSERT INTO thing VALUES (1, 'a', 'b')

> INSERT INTO thing VALUES (1, 'a', 1.5, '2024-13-01')

> SELECT nofunction(1)

> SELECT lower(1, 2)

> SELECT 1 + 'x'

> SELECT 'x' + 'y'

> SELECT id + name FROM thing

> SELECT * FROM thing WHERE name

> SELECT * FROM thing WHERE id = 'x'

> SELECT * FROM thing WHERE id = true

> SELECT sum(name) FROM thing

> SELECT name, count(*) FROM thing

> SELECT id FROM thing LIMIT -1

> SELECT id FROM thing OFFSET -1

> SELECT id FROM thing LIMIT 'x'

> SELECT id FROM thing UNION SELECT name FROM thing

> SELECT id FROM thing UNION SELECT id, name FROM thing

> SELECT (SELECT id, name FROM thing)

> INSERT INTO thing VALUES (1, 'a'), (2, 'b')

> SELECT (SELECT id FROM thing)

> SELECT $1

> SELECT x.* FROM thing

> SELECT id FROM thing JOIN thing ON true

> SELECT id FROM thing a JOIN thing b ON true

> SELECT 1::notatype

> CREATE TABLE bad (id notatype)

> DROP TABLE missing

> DROP INDEX missing

> SET no_such_setting = 1

> SHOW no_such_setting

> SET statement_timeout = 'soon'

> CREATE INDEX ON thing (nothing)

> CREATE INDEX ON missing (id)

> CREATE INDEX thing_index ON thing (amount)

> CREATE INDEX thing_index ON thing (name)

> SELECT id FROM thing WHERE id IN (SELECT id, name FROM thing)

> SELECT 1; SELECT nothing; SELECT 2

> ;

> -- only a comment
