# CREATE TABLE of a query's rows and like another table, and comments.

> create table s (id serial primary key, name text not null default 'x', n int unique, note varchar(10), ts timestamptz default now())
CREATE TABLE

> create index s_note on s (note)
CREATE INDEX

> insert into s (name, n, note) values ('a',1,'p'),('b',2,'q')
INSERT 0 2

> create table c1 (x, y) as select id, name from s order by id
SELECT 2

> select * from c1
 x | y
---+---
 1 | a
 2 | b
(2 rows)

> create table c2 (x) as select id, name from s with no data
CREATE TABLE AS

> select * from c2
 x | name
---+------
(0 rows)

> create table c3 (a,b,c) as select 1, 2
ERROR 42601: too many column names were specified

> create table c4 (a, a) as select 1, 2
ERROR 42701: column "a" specified more than once

> create table if not exists c1 as select 1
NOTICE: relation "c1" already exists, skipping
CREATE TABLE AS

> create table c5 as select 1 as a with data
SELECT 1

> create table c6 as values (1,'x'),(2,'y')
SELECT 2

> select * from c6 order by 1
 column1 | column2
---------+---------
       1 | x
       2 | y
(2 rows)

> create table c7 as with q as (select 5 as k) select * from q
SELECT 1

> select * from c7
 k
---
 5
(1 row)

> select id, name into c8 from s where id = 1
SELECT 1

> select * from c8
 id | name
----+------
  1 | a
(1 row)

> create table l1 (like s)
CREATE TABLE

# differs: a serial column has a sequence of its own.
> create table l2 (like s including all)
CREATE TABLE

> create table l3 (extra int, like s including defaults excluding identity, primary key (extra))
CREATE TABLE

> create table l4 (like nosuch)
ERROR 42P01: relation "nosuch" does not exist

> create table l5 (like s, id int)
ERROR 42701: column "id" specified more than once
LINE 1: create table l5 (like s, id int)
                                 ^

> create table l6 (id int primary key, like s including indexes)
ERROR 42701: column "id" specified more than once

> insert into l2 (n) values (7) returning name, n
 name | n
------+---
 x    | 7
(1 row)
INSERT 0 1

> create view sv as select id, name from s
CREATE VIEW

> create table l7 (like sv)
CREATE TABLE

> create table l8 (a int, like sv including comments, b int)
CREATE TABLE

> comment on table s is 'main'
COMMENT

> comment on column s.name is 'the name'
COMMENT

> comment on view sv is 'a view'
COMMENT

> comment on column sv.name is 'seen'
COMMENT

> comment on index s_note is 'idx'
COMMENT

> comment on index s_pkey is 'pk'
COMMENT

> comment on sequence s_id_seq is 'seq'
COMMENT

> comment on column s.nosuch is 'x'
ERROR 42703: column "nosuch" of relation "s" does not exist

> comment on table nosuch is 'x'
ERROR 42P01: relation "nosuch" does not exist

> comment on table sv is 'x'
ERROR 42809: "sv" is not a table

> comment on view s is 'x'
ERROR 42809: "s" is not a view

> comment on index s is 'x'
ERROR 42809: "s" is not an index

> comment on column name is 'x'
ERROR 42601: column name must be qualified

> select obj_description('s'::regclass), obj_description('s'::regclass,'pg_class'), col_description('s'::regclass, 2), obj_description('sv'::regclass), col_description('sv'::regclass,2), obj_description('s_note'::regclass), obj_description('s_pkey'::regclass), obj_description('s_id_seq'::regclass)
 obj_description | obj_description | col_description | obj_description | col_description | obj_description | obj_description | obj_description
-----------------+-----------------+-----------------+-----------------+-----------------+-----------------+-----------------+-----------------
 main            | main            | the name        | a view          | seen            | idx             | pk              | seq
(1 row)

> select c.relname, d.objsubid, d.description from pg_description d join pg_class c on c.oid = d.objoid where d.classoid = 'pg_class'::regclass and c.relname in ('s','sv','s_note','s_pkey','s_id_seq') order by 1,2
 relname  | objsubid | description
----------+----------+-------------
 s        |        0 | main
 s        |        2 | the name
 s_id_seq |        0 | seq
 s_note   |        0 | idx
 s_pkey   |        0 | pk
 sv       |        0 | a view
 sv       |        2 | seen
(7 rows)

> comment on table s is null
COMMENT

> comment on column s.name is ''
COMMENT

> select obj_description('s'::regclass), col_description('s'::regclass, 2)
 obj_description | col_description
-----------------+-----------------
 NULL            | NULL
(1 row)

> comment on schema public is 'pub'
COMMENT

> comment on extension plpgsql is 'x'
COMMENT

> drop table s cascade
NOTICE: drop cascades to view sv
DROP TABLE

> select conname, contype from pg_constraint where conrelid in ('l2'::regclass, 'l3'::regclass, 'l1'::regclass) order by 1
      conname      | contype
-------------------+---------
 l1_id_not_null    | n
 l1_name_not_null  | n
 l2_id_not_null    | n
 l2_n_key          | u
 l2_name_not_null  | n
 l2_pkey           | p
 l3_extra_not_null | n
 l3_id_not_null    | n
 l3_name_not_null  | n
 l3_pkey           | p
(10 rows)

> select attname, attnotnull, atthasdef from pg_attribute where attrelid = 'l2'::regclass and attnum > 0 order by attnum
 attname | attnotnull | atthasdef
---------+------------+-----------
 id      | t          | t
 name    | t          | t
 n       | f          | f
 note    | f          | f
 ts      | f          | t
(5 rows)

