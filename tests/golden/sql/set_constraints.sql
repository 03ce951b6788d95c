# When a transaction checks its foreign keys.

> create table p(id int primary key)
CREATE TABLE

> create table c(id int primary key, p int constraint cfk references p deferrable initially deferred, q int constraint qfk references p deferrable, r int constraint rfk references p)
CREATE TABLE

> begin
BEGIN

> insert into c values (1,1,null,null)
INSERT 0 1

> set constraints all immediate
ERROR 23503: insert or update on table "c" violates foreign key constraint "cfk"
DETAIL: Key (p)=(1) is not present in table "p".

> rollback
ROLLBACK

> begin
BEGIN

> insert into c values (1,1,null,null)
INSERT 0 1

> insert into p values (1)
INSERT 0 1

> set constraints all immediate
SET CONSTRAINTS

> insert into c values (2,9,null,null)
ERROR 23503: insert or update on table "c" violates foreign key constraint "cfk"
DETAIL: Key (p)=(9) is not present in table "p".

> rollback
ROLLBACK

> begin
BEGIN

> set constraints qfk deferred
SET CONSTRAINTS

> insert into c values (1,null,5,null)
INSERT 0 1

> insert into p values(5)
INSERT 0 1

> commit
COMMIT

> begin
BEGIN

> set constraints qfk deferred
SET CONSTRAINTS

> insert into c values (2,null,6,null)
INSERT 0 1

> commit
ERROR 23503: insert or update on table "c" violates foreign key constraint "qfk"
DETAIL: Key (q)=(6) is not present in table "p".

> begin
BEGIN

> set constraints rfk deferred
ERROR 42809: constraint "rfk" is not deferrable

> rollback
ROLLBACK

> begin
BEGIN

> set constraints nofk deferred
ERROR 42704: constraint "nofk" does not exist

> rollback
ROLLBACK

> begin
BEGIN

> set constraints public.cfk, qfk deferred
SET CONSTRAINTS

> delete from p where id=5
DELETE 1

> set constraints cfk immediate
SET CONSTRAINTS

> set constraints qfk immediate
ERROR 23503: update or delete on table "p" violates foreign key constraint "qfk" on table "c"
DETAIL: Key (id)=(5) is still referenced from table "c".

> rollback
ROLLBACK

> begin
BEGIN

> savepoint a
SAVEPOINT

> set constraints cfk immediate
SET CONSTRAINTS

> rollback to a
ROLLBACK

> insert into c values (3,7,null,null)
INSERT 0 1

> insert into p values(7)
INSERT 0 1

> commit
COMMIT

> set constraints all deferred
WARNING: SET CONSTRAINTS can only be used in transaction blocks
SET CONSTRAINTS

> select * from c order by 1
 id |  p   |  q   |  r
----+------+------+------
  1 | NULL |    5 | NULL
  3 |    7 | NULL | NULL
(2 rows)

> drop table c
DROP TABLE

> drop table p
DROP TABLE

> set constraints all
ERROR 42601: syntax error at or near "all"
LINE 1: set constraints all
                        ^
DETAIL: Expected equals sign or TO.

> set constraints immediate
ERROR 42601: syntax error at end of input
LINE 1: set constraints immediate
                                 ^
DETAIL: Expected variable value.
