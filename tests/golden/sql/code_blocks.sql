# DO: several statements in one.

> do $$ begin if not exists (select 1 from pg_extension where extname='vector') then create extension vector; end if; end $$
DO

> create table d(id int primary key, t text)
CREATE TABLE

> do $$ begin insert into d values (1,'a'); insert into d values (2,'b'); perform count(*) from d; end $$
DO

> select * from d order by 1
 id | t
----+---
  1 | a
  2 | b
(2 rows)

> do $$ begin insert into d values (3,'a'); insert into d values (1,'dup'); end $$
ERROR 23505: duplicate key value violates unique constraint "d_pkey"
DETAIL: Key (id)=(1) already exists.

> select count(*) from d
 count
-------
     2
(1 row)

> do $$ begin insert into d values (3,'c'); begin insert into d values (4,'x'); insert into d values (1,'dup'); exception when unique_violation then raise notice 'dup % of %', 1, null; end; insert into d values (5,'e'); end $$
NOTICE: dup 1 of <NULL>
DO

> select * from d order by 1
 id | t
----+---
  1 | a
  2 | b
  3 | c
  5 | e
(4 rows)

> do $$ begin create table d(id int); exception when duplicate_table then null; end $$
DO

> do $$ begin create table e(id int); create index on e(id); insert into e select generate_series(1,3); if (select count(*) from e) > 5 then raise exception 'many'; elsif exists (select 1 from e where id=3) then raise warning 'has 3'; else raise info 'no'; end if; end; $$
WARNING: has 3
DO

> do $$ begin select 1; end $$
ERROR 42601: query has no destination for result data
HINT: If you want to discard the results of a SELECT, use PERFORM instead.

> do $$ begin insert into e values (1) returning id; end $$
ERROR 42601: query has no destination for result data
HINT: If you want to discard the results of a SELECT, use PERFORM instead.

> do $$ begin raise exception 'oh % and %%', 'my' using hint='do it', detail='d '||1, errcode='unique_violation'; end $$
ERROR 23505: oh my and %
DETAIL: d 1
HINT: do it

> do $$ begin raise unique_violation; end $$
ERROR 23505: unique_violation

> do $$ begin raise exception 'x %', 1, 2; end $$
ERROR 42601: too many parameters specified for RAISE

> do $$ begin raise 'x %'; end $$
ERROR 42601: too few parameters specified for RAISE

> do $$ begin perform 1/0; exception when division_by_zero then raise notice 'div'; raise; end $$
NOTICE: div
ERROR 22012: division by zero

> do $$ begin perform 1/0; exception when data_exception or unique_violation then raise notice 'data'; end $$
NOTICE: data
DO

> do $$ begin perform 1/0; exception when others then raise notice 'all'; end $$
NOTICE: all
DO

> do $$ begin execute 'create table f' || '1 (a int)'; execute 'insert into f1 values (1); insert into f1 values (2)'; end $$
DO

> select * from f1
 a
---
 1
 2
(2 rows)

> do $$ begin execute null; end $$
ERROR 22004: query string argument of EXECUTE is null

> do language plpgsql 'begin null
ERROR 42601: unterminated quoted string
LINE 1: do language plpgsql 'begin null
                            ^

> end'
ERROR 42601: unterminated quoted string
LINE 1: end'
           ^

> do 'begin raise notice ''it''''s''
ERROR 42601: unterminated quoted string
LINE 1: do 'begin raise notice ''it''''s''
           ^

> end' language plpgsql
ERROR 42601: unterminated quoted string
LINE 1: end' language plpgsql
           ^

> do language sql 'select 1'
ERROR 0A000: language "sql" does not support inline code execution
HINT: Leave LANGUAGE out: the code is PL/pgSQL.

> do language plperl 'x'
ERROR 42704: language "plperl" does not exist

> do $$ begin if null then raise notice 'null'; else raise notice 'else'; end if; end $$
NOTICE: else
DO

> do $$ begin if 1 then null; end if; end $$
DO

> do $$ begin commit; end $$
ERROR 0A000: unsupported transaction command in PL/pgSQL
HINT: Use a BEGIN block with an EXCEPTION clause instead.

> do $$ begin savepoint a; end $$
ERROR 0A000: unsupported transaction command in PL/pgSQL
HINT: Use a BEGIN block with an EXCEPTION clause instead.

> do $$ begin nonsense 1; end $$
ERROR 42601: syntax error at or near "nonsense"
LINE 1: do $$ begin nonsense 1; end $$
                    ^
DETAIL: Expected an SQL statement.

> do $$ begin insert into nosuch values (1); end $$
ERROR 42P01: relation "nosuch" does not exist

> do $$ begin set work_mem='7MB'; end $$
DO

> show work_mem
 work_mem
----------
 7MB
(1 row)

> do $$ begin set local work_mem='8MB'; end $$
DO

> show work_mem
 work_mem
----------
 7MB
(1 row)

> begin
BEGIN

> do $$ begin insert into d values (10,'t'); end $$
DO

> rollback
ROLLBACK

> select count(*) from d
 count
-------
     4
(1 row)

> begin
BEGIN

> do $$ begin insert into d values (1,'t'); end $$
ERROR 23505: duplicate key value violates unique constraint "d_pkey"
DETAIL: Key (id)=(1) already exists.

> select 1
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

> rollback
ROLLBACK

> do $$ begin return; raise notice 'not reached'; end $$
DO

> do $$ begin raise debug 'x'; raise log 'y'; raise info 'z'; end $$
INFO: z
DO

> set client_min_messages='debug1'
SET

> do $$ begin raise debug 'x'; raise log 'y'; raise info 'z'; end $$
DEBUG: x
LOG: y
INFO: z
DO

> set client_min_messages='error'
SET

> do $$ begin raise warning 'x'; raise log 'y'; raise info 'z'; end $$
INFO: z
DO

> reset client_min_messages
RESET

> do $$ begin begin begin null; end; end; end $$
DO

> do $$ <<lab>> begin null; end $$
DO

> do $$ begin if case when true then true end then raise notice 'case'; end if; end $$
NOTICE: case
DO

> do $$ begin end $$
DO

> do $$ begin $$
ERROR 42601: syntax error at end of input
LINE 1: do $$ begin $$
                   ^

> do
ERROR 42601: syntax error at end of input
LINE 1: do
          ^

> do $$ begin copy d to stdout; end $$
ERROR 0A000: cannot COPY to/from client in PL/pgSQL
HINT: Send COPY by itself.

> do $$ begin update d set t='z' where id=1; delete from d where id=2; end $$
DO

> select * from d order by id
 id | t
----+---
  1 | z
  3 | c
  5 | e
(3 rows)

> do $$ begin raise sqlstate '22012'; exception when sqlstate '22012' then raise notice 'state'; end $$
NOTICE: state
DO

> do $$ begin raise exception using message='m', errcode='P0001'; end $$
ERROR P0001: m

> do $$ begin if exists (select 1) then; end if; end $$
ERROR 42601: syntax error at or near ";"
LINE 1: do $$ begin if exists (select 1) then; end if; end $$
                                             ^

> do $$ begin x := 1; end $$
ERROR 0A000: variables are not offered in DO
LINE 1: do $$ begin x := 1; end $$
                    ^
HINT: Write the values into the statements, or do this in the application: blocks, IF, PERFORM, EXECUTE, RAISE and EXCEPTION are offered.

> do $$ begin null; exception when nosuch then null; end $$
ERROR 42704: unrecognized exception condition "nosuch"

> drop table d, e, f1
DROP TABLE

# What runs itself ends with an error, and so does what raises without end.

> CREATE TABLE code (c text)
CREATE TABLE

> INSERT INTO code VALUES ('do $x$ begin execute (select c from code); end $x$')
INSERT 0 1

> DO $$ BEGIN EXECUTE (SELECT c FROM code); END $$
ERROR 54001: statements run in one another more than 8 deep
HINT: Look for an EXECUTE or a DO that runs itself.

> DO $$ BEGIN RAISE NOTICE '%', repeat('x', 9000000); END $$
ERROR 54000: a statement raises more than 8388608 bytes
HINT: Raise fewer or shorter messages.

> DO $$ BEGIN DISCARD ALL; END $$
ERROR 25001: DISCARD ALL cannot be executed from a function

> SELECT count(*) FROM code
 count
-------
     1
(1 row)

> DROP TABLE code
DROP TABLE
