# CREATE TABLE of a query's rows and like another table, and comments.

> create table s (id serial primary key, name text not null default 'x', n int unique, note varchar(10), ts timestamptz default now())

> create index s_note on s (note)

> insert into s (name, n, note) values ('a',1,'p'),('b',2,'q')

> create table c1 (x, y) as select id, name from s order by id

> select * from c1

> create table c2 (x) as select id, name from s with no data

> select * from c2

> create table c3 (a,b,c) as select 1, 2

> create table c4 (a, a) as select 1, 2

> create table if not exists c1 as select 1

> create table c5 as select 1 as a with data

> create table c6 as values (1,'x'),(2,'y')

> select * from c6 order by 1

> create table c7 as with q as (select 5 as k) select * from q

> select * from c7

> select id, name into c8 from s where id = 1

> select * from c8

> create table l1 (like s)

# differs: a serial column has a sequence of its own.
> create table l2 (like s including all)

> create table l3 (extra int, like s including defaults excluding identity, primary key (extra))

> create table l4 (like nosuch)

> create table l5 (like s, id int)

> create table l6 (id int primary key, like s including indexes)

> insert into l2 (n) values (7) returning name, n

> create view sv as select id, name from s

> create table l7 (like sv)

> create table l8 (a int, like sv including comments, b int)

> comment on table s is 'main'

> comment on column s.name is 'the name'

> comment on view sv is 'a view'

> comment on column sv.name is 'seen'

> comment on index s_note is 'idx'

> comment on index s_pkey is 'pk'

> comment on sequence s_id_seq is 'seq'

> comment on column s.nosuch is 'x'

> comment on table nosuch is 'x'

> comment on table sv is 'x'

> comment on view s is 'x'

> comment on index s is 'x'

> comment on column name is 'x'

> select obj_description('s'::regclass), obj_description('s'::regclass,'pg_class'), col_description('s'::regclass, 2), obj_description('sv'::regclass), col_description('sv'::regclass,2), obj_description('s_note'::regclass), obj_description('s_pkey'::regclass), obj_description('s_id_seq'::regclass)

> select c.relname, d.objsubid, d.description from pg_description d join pg_class c on c.oid = d.objoid where d.classoid = 'pg_class'::regclass and c.relname in ('s','sv','s_note','s_pkey','s_id_seq') order by 1,2

> comment on table s is null

> comment on column s.name is ''

> select obj_description('s'::regclass), col_description('s'::regclass, 2)

> comment on schema public is 'pub'

> comment on extension plpgsql is 'x'

> drop table s cascade

> select conname, contype from pg_constraint where conrelid in ('l2'::regclass, 'l3'::regclass, 'l1'::regclass) order by 1

> select attname, attnotnull, atthasdef from pg_attribute where attrelid = 'l2'::regclass and attnum > 0 order by attnum

> do $$ begin end $$
