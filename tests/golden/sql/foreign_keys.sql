# References between tables, and what happens to rows when those that they refer to go.

> CREATE TABLE p (id int PRIMARY KEY, u text UNIQUE)

> CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p(id) ON DELETE RESTRICT ON UPDATE RESTRICT, pu text REFERENCES p(u))

> INSERT INTO p VALUES (1, 'a'), (2, 'b')

> INSERT INTO c VALUES (1, 1, 'a')

> INSERT INTO c VALUES (2, 5, 'a')

> INSERT INTO c VALUES (2, NULL, NULL)

> UPDATE c SET pu = 'zz' WHERE id = 1

> DELETE FROM p WHERE id = 1

> UPDATE p SET id = 9 WHERE id = 1

> UPDATE p SET u = 'z' WHERE id = 1

> UPDATE p SET id = 3, u = 'bb' WHERE id = 2

> DELETE FROM p WHERE id = 3

> ALTER TABLE p DROP COLUMN id

> ALTER TABLE p DROP COLUMN u

> ALTER TABLE p DROP CONSTRAINT p_u_key

> DROP TABLE p

> TRUNCATE p

> SELECT conname, contype, conkey, confkey, confupdtype, confdeltype, confmatchtype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'c'::regclass AND contype = 'f' ORDER BY 1

> SELECT constraint_name, unique_constraint_name, match_option, update_rule, delete_rule FROM information_schema.referential_constraints ORDER BY 1

> SELECT constraint_name, column_name, ordinal_position, position_in_unique_constraint FROM information_schema.key_column_usage WHERE table_name = 'c' ORDER BY 1

> SELECT constraint_name, table_name, column_name FROM information_schema.constraint_column_usage WHERE constraint_name LIKE 'c_%fkey' ORDER BY 1

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p(u)

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p(x)

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id, pid) REFERENCES p(id)

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (nix) REFERENCES p(id)

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES nothing

> CREATE TABLE q (a int)

> ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES q

> ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES q(a)

> INSERT INTO q VALUES (7)

> ALTER TABLE q ADD FOREIGN KEY (a) REFERENCES p

> ALTER TABLE q ADD FOREIGN KEY (a) REFERENCES p NOT VALID

> INSERT INTO q VALUES (8)

> ALTER TABLE q VALIDATE CONSTRAINT q_a_fkey

> DELETE FROM q

> ALTER TABLE q VALIDATE CONSTRAINT q_a_fkey

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'q_a_fkey'

> TRUNCATE p CASCADE

> SELECT count(*) FROM c

> DROP TABLE p CASCADE

> SELECT count(*) FROM pg_constraint WHERE contype = 'f'

> DROP TABLE c, q

> CREATE TABLE a (x int, y text, PRIMARY KEY (x, y))

> CREATE TABLE b (id serial PRIMARY KEY, y text DEFAULT 'd', x int DEFAULT 0, FOREIGN KEY (y, x) REFERENCES a (y, x) ON DELETE SET DEFAULT ON UPDATE CASCADE)

> INSERT INTO a VALUES (0, 'd'), (1, 'one'), (2, 'two'), (3, 'three')

> INSERT INTO b (x, y) VALUES (1, 'one'), (1, NULL), (2, 'two'), (NULL, 'nothing')

> INSERT INTO b (x, y) VALUES (1, 'two')

> UPDATE a SET x = 10 WHERE y = 'one'

> SELECT * FROM b ORDER BY id

> DELETE FROM a WHERE x > 1

> SELECT * FROM b ORDER BY id

> DELETE FROM a

> DROP TABLE b, a

> CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE)

> INSERT INTO tree VALUES (3, 2), (2, 1), (1, NULL), (4, 1), (5, 3)

> INSERT INTO tree VALUES (6, 7)

> DELETE FROM tree WHERE id = 2

> SELECT * FROM tree ORDER BY id

> DELETE FROM tree WHERE id = 1

> SELECT count(*) FROM tree

> DROP TABLE tree

> CREATE TABLE owner (id int PRIMARY KEY)

> CREATE TABLE pet (name text, owner int REFERENCES owner ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, toy int NOT NULL CONSTRAINT has_toy REFERENCES owner DEFERRABLE INITIALLY DEFERRED)

> SELECT conname, condeferrable, condeferred, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1

> BEGIN

> INSERT INTO pet VALUES ('rex', 1, 2)

> INSERT INTO owner VALUES (1), (2)

> COMMIT

> BEGIN

> INSERT INTO pet VALUES ('tom', 1, 3)

> COMMIT

> SELECT * FROM pet

> BEGIN

> DELETE FROM owner WHERE id = 1

> SELECT * FROM pet

> DELETE FROM owner WHERE id = 2

> ROLLBACK

> BEGIN

> DELETE FROM owner WHERE id = 2

> INSERT INTO owner VALUES (2)

> COMMIT

> DELETE FROM owner WHERE id = 2

> DROP TABLE pet, owner

> CREATE TABLE m (id bigint PRIMARY KEY)

> CREATE TABLE n (id smallint REFERENCES m ON UPDATE CASCADE, v varchar(4))

> INSERT INTO m VALUES (1), (100000)

> INSERT INTO n VALUES (1), (2)

> INSERT INTO n VALUES (1)

> DELETE FROM m WHERE id = 100000

> UPDATE m SET id = 7 WHERE id = 1

> SELECT id FROM n

> ALTER TABLE n ALTER COLUMN id TYPE text

> ALTER TABLE n ALTER COLUMN id TYPE int

# differs: MATCH FULL is not offered.
> CREATE TABLE x1 (a int REFERENCES m MATCH FULL)

> CREATE TABLE x1 (a int REFERENCES m INITIALLY DEFERRED NOT DEFERRABLE)

> CREATE TABLE x1 (a int, FOREIGN KEY (a) REFERENCES x1 (a))

> CREATE UNIQUE INDEX mi ON n (id)

> CREATE TABLE x1 (a int REFERENCES n (id))

> DROP INDEX mi

> DROP INDEX mi CASCADE

> DROP TABLE m, n, x1
