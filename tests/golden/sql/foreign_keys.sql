# References between tables, and what happens to rows when those that they refer to go.

> CREATE TABLE p (id int PRIMARY KEY, u text UNIQUE)
CREATE TABLE

> CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p(id) ON DELETE RESTRICT ON UPDATE RESTRICT, pu text REFERENCES p(u))
CREATE TABLE

> INSERT INTO p VALUES (1, 'a'), (2, 'b')
INSERT 0 2

> INSERT INTO c VALUES (1, 1, 'a')
INSERT 0 1

> INSERT INTO c VALUES (2, 5, 'a')
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_pid_fkey"
DETAIL: Key (pid)=(5) is not present in table "p".

> INSERT INTO c VALUES (2, NULL, NULL)
INSERT 0 1

> UPDATE c SET pu = 'zz' WHERE id = 1
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_pu_fkey"
DETAIL: Key (pu)=(zz) is not present in table "p".

> DELETE FROM p WHERE id = 1
ERROR 23001: update or delete on table "p" violates RESTRICT setting of foreign key constraint "c_pid_fkey" on table "c"
DETAIL: Key (id)=(1) is referenced from table "c".

> UPDATE p SET id = 9 WHERE id = 1
ERROR 23001: update or delete on table "p" violates RESTRICT setting of foreign key constraint "c_pid_fkey" on table "c"
DETAIL: Key (id)=(1) is referenced from table "c".

> UPDATE p SET u = 'z' WHERE id = 1
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_pu_fkey" on table "c"
DETAIL: Key (u)=(a) is still referenced from table "c".

> UPDATE p SET id = 3, u = 'bb' WHERE id = 2
UPDATE 1

> DELETE FROM p WHERE id = 3
DELETE 1

> ALTER TABLE p DROP COLUMN id
ERROR 2BP01: cannot drop column id of table p because other objects depend on it
DETAIL: constraint c_pid_fkey on table c depends on column id of table p
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER TABLE p DROP COLUMN u
ERROR 2BP01: cannot drop column u of table p because other objects depend on it
DETAIL: constraint c_pu_fkey on table c depends on column u of table p
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> ALTER TABLE p DROP CONSTRAINT p_u_key
ERROR 2BP01: cannot drop constraint p_u_key on table p because other objects depend on it
DETAIL: constraint c_pu_fkey on table c depends on index p_u_key
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP TABLE p
ERROR 2BP01: cannot drop table p because other objects depend on it
DETAIL: constraint c_pid_fkey on table c depends on table p
constraint c_pu_fkey on table c depends on table p
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> TRUNCATE p
ERROR 0A000: cannot truncate a table referenced in a foreign key constraint
DETAIL: Table "c" references "p".
HINT: Truncate table "c" at the same time, or use TRUNCATE ... CASCADE.

> SELECT conname, contype, conkey, confkey, confupdtype, confdeltype, confmatchtype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'c'::regclass AND contype = 'f' ORDER BY 1
  conname   | contype | conkey | confkey | confupdtype | confdeltype | confmatchtype |                           pg_get_constraintdef
------------+---------+--------+---------+-------------+-------------+---------------+--------------------------------------------------------------------------
 c_pid_fkey | f       | {2}    | {1}     | r           | r           | s             | FOREIGN KEY (pid) REFERENCES p(id) ON UPDATE RESTRICT ON DELETE RESTRICT
 c_pu_fkey  | f       | {3}    | {2}     | a           | a           | s             | FOREIGN KEY (pu) REFERENCES p(u)
(2 rows)

> SELECT constraint_name, unique_constraint_name, match_option, update_rule, delete_rule FROM information_schema.referential_constraints ORDER BY 1
 constraint_name | unique_constraint_name | match_option | update_rule | delete_rule
-----------------+------------------------+--------------+-------------+-------------
 c_pid_fkey      | p_pkey                 | NONE         | RESTRICT    | RESTRICT
 c_pu_fkey       | p_u_key                | NONE         | NO ACTION   | NO ACTION
(2 rows)

> SELECT constraint_name, column_name, ordinal_position, position_in_unique_constraint FROM information_schema.key_column_usage WHERE table_name = 'c' ORDER BY 1
 constraint_name | column_name | ordinal_position | position_in_unique_constraint
-----------------+-------------+------------------+-------------------------------
 c_pid_fkey      | pid         |                1 |                             1
 c_pkey          | id          |                1 |                          NULL
 c_pu_fkey       | pu          |                1 |                             1
(3 rows)

> SELECT constraint_name, table_name, column_name FROM information_schema.constraint_column_usage WHERE constraint_name LIKE 'c_%fkey' ORDER BY 1
 constraint_name | table_name | column_name
-----------------+------------+-------------
 c_pid_fkey      | p          | id
 c_pu_fkey       | p          | u
(2 rows)

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p(u)
ERROR 42804: foreign key constraint "f" cannot be implemented
DETAIL: Key columns "id" of the referencing table and "u" of the referenced table are of incompatible types: integer and text.

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p(x)
ERROR 42703: column "x" referenced in foreign key constraint does not exist

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id, pid) REFERENCES p(id)
ERROR 42830: number of referencing and referenced columns for foreign key disagree

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (nix) REFERENCES p(id)
ERROR 42703: column "nix" referenced in foreign key constraint does not exist

> ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES nothing
ERROR 42P01: relation "nothing" does not exist

> CREATE TABLE q (a int)
CREATE TABLE

> ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES q
ERROR 42704: there is no primary key for referenced table "q"

> ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES q(a)
ERROR 42830: there is no unique constraint matching given keys for referenced table "q"

> INSERT INTO q VALUES (7)
INSERT 0 1

> ALTER TABLE q ADD FOREIGN KEY (a) REFERENCES p
ERROR 23503: insert or update on table "q" violates foreign key constraint "q_a_fkey"
DETAIL: Key (a)=(7) is not present in table "p".

> ALTER TABLE q ADD FOREIGN KEY (a) REFERENCES p NOT VALID
ALTER TABLE

> INSERT INTO q VALUES (8)
ERROR 23503: insert or update on table "q" violates foreign key constraint "q_a_fkey"
DETAIL: Key (a)=(8) is not present in table "p".

> ALTER TABLE q VALIDATE CONSTRAINT q_a_fkey
ERROR 23503: insert or update on table "q" violates foreign key constraint "q_a_fkey"
DETAIL: Key (a)=(7) is not present in table "p".

> DELETE FROM q
DELETE 1

> ALTER TABLE q VALIDATE CONSTRAINT q_a_fkey
ALTER TABLE

> SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'q_a_fkey'
       pg_get_constraintdef
----------------------------------
 FOREIGN KEY (a) REFERENCES p(id)
(1 row)

> TRUNCATE p CASCADE
NOTICE: truncate cascades to table "c"
NOTICE: truncate cascades to table "q"
TRUNCATE TABLE

> SELECT count(*) FROM c
 count
-------
     0
(1 row)

> DROP TABLE p CASCADE
NOTICE: drop cascades to 3 other objects
DROP TABLE

> SELECT count(*) FROM pg_constraint WHERE contype = 'f'
 count
-------
     0
(1 row)

> DROP TABLE c, q
DROP TABLE

> CREATE TABLE a (x int, y text, PRIMARY KEY (x, y))
CREATE TABLE

> CREATE TABLE b (id serial PRIMARY KEY, y text DEFAULT 'd', x int DEFAULT 0, FOREIGN KEY (y, x) REFERENCES a (y, x) ON DELETE SET DEFAULT ON UPDATE CASCADE)
CREATE TABLE

> INSERT INTO a VALUES (0, 'd'), (1, 'one'), (2, 'two'), (3, 'three')
INSERT 0 4

> INSERT INTO b (x, y) VALUES (1, 'one'), (1, NULL), (2, 'two'), (NULL, 'nothing')
INSERT 0 4

> INSERT INTO b (x, y) VALUES (1, 'two')
ERROR 23503: insert or update on table "b" violates foreign key constraint "b_y_x_fkey"
DETAIL: Key (y, x)=(two, 1) is not present in table "a".

> UPDATE a SET x = 10 WHERE y = 'one'
UPDATE 1

> SELECT * FROM b ORDER BY id
 id |    y    |  x
----+---------+------
  1 | one     |   10
  2 | NULL    |    1
  3 | two     |    2
  4 | nothing | NULL
(4 rows)

> DELETE FROM a WHERE x > 1
DELETE 3

> SELECT * FROM b ORDER BY id
 id |    y    |  x
----+---------+------
  1 | d       |    0
  2 | NULL    |    1
  3 | d       |    0
  4 | nothing | NULL
(4 rows)

> DELETE FROM a
ERROR 23503: update or delete on table "a" violates foreign key constraint "b_y_x_fkey" on table "b"
DETAIL: Key (y, x)=(d, 0) is still referenced from table "b".

> DROP TABLE b, a
DROP TABLE

> CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE)
CREATE TABLE

> INSERT INTO tree VALUES (3, 2), (2, 1), (1, NULL), (4, 1), (5, 3)
INSERT 0 5

> INSERT INTO tree VALUES (6, 7)
ERROR 23503: insert or update on table "tree" violates foreign key constraint "tree_parent_fkey"
DETAIL: Key (parent)=(7) is not present in table "tree".

> DELETE FROM tree WHERE id = 2
DELETE 1

> SELECT * FROM tree ORDER BY id
 id | parent
----+--------
  1 |   NULL
  4 |      1
(2 rows)

> DELETE FROM tree WHERE id = 1
DELETE 1

> SELECT count(*) FROM tree
 count
-------
     0
(1 row)

> DROP TABLE tree
DROP TABLE

> CREATE TABLE owner (id int PRIMARY KEY)
CREATE TABLE

> CREATE TABLE pet (name text, owner int REFERENCES owner ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, toy int NOT NULL CONSTRAINT has_toy REFERENCES owner DEFERRABLE INITIALLY DEFERRED)
CREATE TABLE

> SELECT conname, condeferrable, condeferred, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1
    conname     | condeferrable | condeferred |                                   pg_get_constraintdef
----------------+---------------+-------------+-------------------------------------------------------------------------------------------
 has_toy        | t             | t           | FOREIGN KEY (toy) REFERENCES owner(id) DEFERRABLE INITIALLY DEFERRED
 pet_owner_fkey | t             | t           | FOREIGN KEY (owner) REFERENCES owner(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
(2 rows)

> BEGIN
BEGIN

> INSERT INTO pet VALUES ('rex', 1, 2)
INSERT 0 1

> INSERT INTO owner VALUES (1), (2)
INSERT 0 2

> COMMIT
COMMIT

> BEGIN
BEGIN

> INSERT INTO pet VALUES ('tom', 1, 3)
INSERT 0 1

> COMMIT
ERROR 23503: insert or update on table "pet" violates foreign key constraint "has_toy"
DETAIL: Key (toy)=(3) is not present in table "owner".

> SELECT * FROM pet
 name | owner | toy
------+-------+-----
 rex  |     1 |   2
(1 row)

> BEGIN
BEGIN

> DELETE FROM owner WHERE id = 1
DELETE 1

> SELECT * FROM pet
 name | owner | toy
------+-------+-----
 rex  |  NULL |   2
(1 row)

> DELETE FROM owner WHERE id = 2
DELETE 1

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> DELETE FROM owner WHERE id = 2
DELETE 1

> INSERT INTO owner VALUES (2)
INSERT 0 1

> COMMIT
COMMIT

> DELETE FROM owner WHERE id = 2
ERROR 23503: update or delete on table "owner" violates foreign key constraint "has_toy" on table "pet"
DETAIL: Key (id)=(2) is still referenced from table "pet".

> DROP TABLE pet, owner
DROP TABLE

> CREATE TABLE m (id bigint PRIMARY KEY)
CREATE TABLE

> CREATE TABLE n (id smallint REFERENCES m ON UPDATE CASCADE, v varchar(4))
CREATE TABLE

> INSERT INTO m VALUES (1), (100000)
INSERT 0 2

> INSERT INTO n VALUES (1), (2)
ERROR 23503: insert or update on table "n" violates foreign key constraint "n_id_fkey"
DETAIL: Key (id)=(2) is not present in table "m".

> INSERT INTO n VALUES (1)
INSERT 0 1

> DELETE FROM m WHERE id = 100000
DELETE 1

> UPDATE m SET id = 7 WHERE id = 1
UPDATE 1

> SELECT id FROM n
 id
----
  7
(1 row)

> ALTER TABLE n ALTER COLUMN id TYPE text
ERROR 42804: foreign key constraint "n_id_fkey" cannot be implemented
DETAIL: Key columns "id" of the referencing table and "id" of the referenced table are of incompatible types: text and bigint.

> ALTER TABLE n ALTER COLUMN id TYPE int
ALTER TABLE

# differs: MATCH FULL is not offered.
> CREATE TABLE x1 (a int REFERENCES m MATCH FULL)
ERROR 0A000: MATCH FULL is not offered
HINT: Declare the columns NOT NULL.

> CREATE TABLE x1 (a int REFERENCES m INITIALLY DEFERRED NOT DEFERRABLE)
ERROR 42601: constraint declared INITIALLY DEFERRED must be DEFERRABLE

> CREATE TABLE x1 (a int, FOREIGN KEY (a) REFERENCES x1 (a))
ERROR 42830: there is no unique constraint matching given keys for referenced table "x1"

> CREATE UNIQUE INDEX mi ON n (id)
CREATE INDEX

> CREATE TABLE x1 (a int REFERENCES n (id))
CREATE TABLE

> DROP INDEX mi
ERROR 2BP01: cannot drop index mi because other objects depend on it
DETAIL: constraint x1_a_fkey on table x1 depends on index mi
HINT: Use DROP ... CASCADE to drop the dependent objects too.

> DROP INDEX mi CASCADE
NOTICE: drop cascades to constraint x1_a_fkey on table x1
DROP INDEX

> DROP TABLE m, n, x1
DROP TABLE
