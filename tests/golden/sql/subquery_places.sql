# Names that mean one thing to PostgreSQL and another to the planner, subqueries in LATERAL and ARRAY, and what RETURNING sees.

> create table t (id int primary key, a int, o int, j jsonb)

> insert into t values (1,1,10,'{"a":1}'),(2,5,NULL,'[1]'),(3,NULL,30,NULL),(4,5,10,'"s"'),(5,7,20,'{"a":1}')

> create table u (k int primary key, b int, d int, n int)

> insert into u values (1,1,10,5),(2,5,10,NULL),(3,5,30,7),(4,7,NULL,1)

> select b.id from t b where exists (select 1 from u where u.b = b.a) order by b.id

> select b.id, (select count(*) from u where u.d = b.o) from t b order by b.id

> select b.id, (select max(b.a + u.n) from u where b.a = u.b) from t b order by b.id

> select b.id, b.o in (select d from u where b.a >= b) from t b order by b.id

> select b.id, b.j->'a', (select count(*) from u where b.j->'a' is not null and u.b < b.id) from t b order by b.id

> select d.id from t as d join u on u.k = d.id where d.o in (select d from u) order by d.id

> select b.* from (select id, a from t) b where exists (select 1 from u where b.a = u.b) order by 1

> with b as (select id, a from t) select id from b where exists (select 1 from u where b.a = u.b) order by id

> select a + 1 as a from t order by t.a

> select -a as a from t order by t.a, id

> select -a as a, id from t order by a, t.id

> select -a as a, count(*) from t group by t.a order by t.a

> select -id as id, a as o from t order by t.o, id

> select 1 - id as id from t order by abs(t.id - 3), id

> select id, case when id > 2 then j end from t order by id

> update t set j = case when id = 1 then j else '{"z": 1}' end

> update t set j = coalesce(j, '{}'), a = coalesce(a, 0)

> update t set j = nullif(j, '{"z": 1}')

> select * from t order by id

> select id, coalesce(j, '{"k": 2}')->'a' from t order by id

> select to_jsonb(coalesce(j, '{"k": 2}')) from t order by id

> select case when true then '2024-01-01'::date end, coalesce(null, 'a41f1a2e-8f5a-4c1c-8f0e-1f2f3a4b5c6d'::uuid)

> select coalesce(j, '{}') c, count(*) from t group by coalesce(j, '{}') order by 2, 1

> select distinct case when id > 0 then j end from t

> update t set a = u.n from u where u.k = t.id returning t.id, a, u.k, u.n + 1, b

> update t set a = s.x from (select k, n as x from u) s where s.k = t.id returning *

> update t set a = t.a + 1 from u x where x.k = t.id and x.b = 5 returning t.id, x.*

> update t set a = 3 from u where u.k = t.id returning k, (select count(*) from u y where y.b = u.b)

> update t set o = 0 from u where u.k = t.id returning zz.k

> update t set o = 0 from t t2 where t2.id = t.id + 1 returning id

> update t set o = 0 from t t2 where t2.id = t.id + 1 returning t.id, t2.id, t2.o

> delete from u using t where t.id = u.k and t.id < 3 returning u.k, t.id, t.j, t.a + u.b

> delete from u using t where t.id = u.k and t.id = 3 returning *

> insert into u values (10, 1, 1, 1) returning k, (select count(*) from u)

> insert into u values (11, 1, 1, 1), (12, 1, 1, 1) returning k, (select count(*) from u), (select max(k) from u)

> update u set n = 100 returning k, (select max(n) from u)

> delete from u returning k, (select count(*) from u)

> begin

> insert into u values (20, 1, 1, 1)

> insert into u values (21, 1, 1, 1) returning k, (select count(*) from u)

> rollback

> select id from t where id = (values (3))

> select (values (3)), array(values (1), (2)), array(select id from t where id > 9)

> select array(select id from t order by id desc limit 2), array(select distinct a from t order by a), array(select count(*) from t group by a order by 1), array(select id from t union select 9 order by 1)

> select array_length(array(select id from t where id > 9), 1), array(select j from t order by id limit 1)

> select t.id, s.k from t, lateral (select k from (values (1, 1), (2, 1), (3, 2)) v(k, x) where v.x = t.id order by k desc limit 1) s order by 1

> select t.id, s.c from t left join lateral (select count(*) c from (values (1, 1), (2, 1), (3, 2)) v(k, x) where v.x >= t.id having count(*) > 1) s on true order by 1

> select t.id, g from t, generate_series(1, t.id) g where t.id < 4 order by 1, 2

> select t.id, g from t left join lateral generate_series(1, t.id - 2) g on true order by 1, 2

> select t.id, e from t, jsonb_array_elements('[1, 2]') e where t.id < 3 order by 1, 2

> select t.id, x.s from t, lateral (select sum(v) s from (select t.id as v union all select 1) q) x order by 1

