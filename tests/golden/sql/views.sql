# Views: made, replaced, read, written through, and what they keep from being dropped.

> create table t (id int primary key, name text, n int, ts timestamp)

> insert into t values (1,'a',10),(2,'b',20),(3,'c',30)

> create view v as select * from t where n > 10

> select * from v order by id

> select name from v where id = 2

> select v.name, t.n from v join t using (id) order by 1

> create view v as select 1

> create or replace view v as select id, name, n from t where n > 10

> create or replace view v as select id, name, n, ts, n * 2 as twice from t where n > 10

> select * from v order by id

> select pg_get_viewdef('v'::regclass)

> create view w (a, b) as select id, count(*) from v group by id

> select * from w order by a

> drop table t

> drop view v

> alter table t drop column n

> alter table t alter column n type bigint

> alter table t add column extra int

> alter table t drop column extra

> insert into w values (1, 2)

> update w set a = 1

> delete from w

# differs: PostgreSQL computes `twice`.
> insert into v (id, name, n) values (4, 'd', 40) returning *

> insert into v (id, name, n) values (4, 'd', 40) returning id, name

> insert into v values (5, 'e', 5)

> insert into v (twice) values (3)

> update v set name = 'bb' where id = 2

> update v set name = upper(name) where id >= 2 returning id, name

> update v set twice = 1

> update v set name = 'none' where id = 1

> delete from v where id = 4 returning id

> select * from t order by id

> create view c as select id, name as label, n as amount from t where n < 100 with check option

> insert into c values (7, 'seven', 700)

> insert into c values (7, 'seven', 70) returning *

> update c set amount = 100 where label = 'seven'

> update c set amount = 99 where label = 'seven' returning label, amount

> insert into c (id, label) values (7, 'again') on conflict (id) do update set label = excluded.label || '!' returning c.*

> create view c2 as select id, label from c where label <> 'x'

> update c2 set label = 'y' where id = 7

> select * from c2 where id = 7

> delete from c2 where id = 7

> select * from c2 order by id

# differs: PostgreSQL has the views above follow.
> alter view c rename column label to l

> alter view c2 rename to c3

> alter view c3 rename column label to l

> select * from c3 order by id limit 1

> alter view t rename to x

> alter view nosuch rename to x

> alter view if exists nosuch rename to x

> alter table c3 add column z int

> truncate c3

> create index on c3 (id)

> create or replace view c as select id from t

> create or replace view c as select id, name as l, n as amount from t where id in (select id from c3)

> create view s as with q as (select 1 as x union all select 2) select x, (select max(n) from t) as m from q order by x

> select * from s

> with q as (select 5 as x) select * from q, s order by s.x

# differs: PostgreSQL joins by the columns that were shared then.
> create view nat as select * from t natural join v

> create view u as select id from t union select 9

> select * from u order by 1

> insert into u values (1)

> create view lim as select id from t limit 2

> delete from lim

> create view dis as select distinct name from t

> update dis set name = 'q'

> create view je as select a.id from t a join t b on a.id = b.id

> insert into je values (1)

> prepare p as select * from v where id = $1

> execute p(2)

> create or replace view v as select id, name, n, ts, n * 3 as twice from t where n > 10

> execute p(2)

> create view param as select $1::int

> create view dup as select 1 as a, 2 as a

> create view many (a,b,c) as select 1

> create table v2 (id int)

> create or replace view v2 as select 1

> drop view t

> drop table v

> drop view nosuch

> drop view if exists nosuch

> drop table t cascade

> drop table v2

> create table catalogued (id int primary key, n int)

> create view catalogue as select id, n from catalogued where n > 0 with local check option

> create view counted as select count(*) as all from catalogue

> select table_name, check_option, is_updatable, is_insertable_into from information_schema.views where table_name in ('catalogue', 'counted') order by 1

> select table_name, table_type, is_insertable_into from information_schema.tables where table_name in ('catalogue', 'counted') order by 1

> select viewname, definition from pg_views where viewname in ('catalogue', 'counted') order by 1

> select relname, relkind, relhasrules from pg_class where relname in ('catalogue', 'counted') order by 1

> select pg_get_viewdef('counted'), pg_get_viewdef('catalogued'::regclass)

# Rows are found by the key where the view shows it, and by index.
> explain select * from catalogue where id = 1

> explain select n from catalogue order by n limit 1

> select catalogue.id, public.catalogue.n from catalogue

> select x.id from catalogue as x where x.n > 1

> select hidden from catalogue

> select t.id from catalogued as t left join catalogue as c on c.id = t.id where c.id is null

> drop table catalogued cascade
