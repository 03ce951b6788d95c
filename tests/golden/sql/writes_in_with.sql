# INSERT, UPDATE and DELETE inside WITH: each sees the data as it was before the statement, and the others' rows through
# RETURNING alone. PostgreSQL's answers.

> create table t(id int primary key, n int)

> create table log(id int, what text)

> insert into t values (1,10),(2,20),(3,30)

> with x as (insert into t values (4,40),(5,50) returning id, n) select * from x order by id

> with x as (insert into t values (6,60) returning id) select (select count(*) from t) as before, (select count(*) from x) as new

> with gone as (delete from t where id > 4 returning *) insert into log select id, 'gone' from gone returning *

> select * from t order by id

> with u as (update t set n = n + 1 where id < 3 returning id, n), i as (insert into log select id, 'up ' || n from u returning id) select u.id, u.n, i.id from u join i using (id) order by 1

> select * from log order by id, what

> with d as (delete from t where id = 3) select count(*) from t

> select count(*) from t

> with d as (delete from t where id = 3) select * from d

> with a(k, v) as (insert into t values (7, 70) returning id, n) select k, v from a

> with a as (insert into t values (8, 80) returning id), b as (select id + 1 as id from a), c as (insert into t select id, 90 from b returning id) select * from c

> with a as (insert into t values (1, 1) on conflict (id) do update set n = excluded.n returning id, n) select * from a

> with a as (insert into t values (1, 1) returning id) select * from a

> with a as (insert into t values (20, 1)) insert into t values (21, 2)

> with a as (insert into t values (30, 1) returning *) update t set n = a.n from a where t.id = 30 returning t.*

> select * from t order by id

> with a as (insert into t values (31, 1) returning id) delete from t where id in (select id from a)

> select count(*) from t where id = 31

> select * from (with x as (insert into t values (40, 1) returning id) select * from x) q

> with x as (insert into t values (41,1) returning id), x as (select 1) select 1

> with recursive s(i) as (select 1 union all select i + 1 from s where i < 3), ins as (insert into t select 100 + i, i from s returning id) select sum(id) from ins

> prepare w(int, int) as with x as (insert into t values ($1, $2) returning id, n) select id + n as s from x

> execute w(200, 1)

> execute w(201, 2)

> execute w(201, 2)

> begin

> with x as (insert into t values (300, 1) returning id) select * from x

> rollback

> select count(*) from t where id = 300

> with x as (select 1 as a), y as (insert into log select a, 'y' from x returning *) select * from x, y

> with moved as (delete from log where what like 'up%' returning id, what) select count(*), max(what) from moved

> with x as (update t set n = 0 where false returning id) select count(*) from x

> with x as (insert into log values (9, 'z') returning id) select x.id, t.n from x left join t on t.id = x.id

> with x as (insert into log values (10, 'z')) select 1 as one

> create table doc(id bigserial primary key, body jsonb)

> with ins as (insert into doc(body) select jsonb_build_object('a', g) from generate_series(1,3) g returning id, body) select id, body->>'a' as a from ins order by id

