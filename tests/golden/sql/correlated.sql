# Correlated subqueries of any form, computed once for each combination of the outer values that they name.

> create table t (id int primary key, a int, o int)

> insert into t values (1, 1, 10), (2, 5, NULL), (3, NULL, 30), (4, 5, 10), (5, 7, 20)

> create table u (k int primary key, n int, o int, j jsonb)

> insert into u values (1,1,10,'{"a":1}'),(2,NULL,10,'[1]'),(3,5,30,NULL),(4,7,NULL,'"s"'),(5,5,20,'{"a":1}')

> create table v (k int primary key, m int, t_id int)

> insert into v values (1,1,1),(2,2,1),(3,3,2),(4,NULL,4)

> create table e (k int primary key, n int)

> select id, a not in (select t.o from u), a in (select t.a from u), a in (select t.a from e) from t order by id

> select id from t where exists (select 1 from u where t.a > 3) order by id

> select id from t where not exists (select 1 from u where t.a > 3) order by id

> select id from t where exists (select 1 from e where t.a > 3) order by id

> select id, (select t.a + max(u.k) from u) from t order by id

> select id, (select t.a + max(u.k) from u where u.o = t.o) from t order by id

> select id, (select count(*) from u where u.n > t.a) from t order by id

> select id, (select count(*) + t.id from u where u.n > t.a) from t order by id

> select id, (select k from u where u.n > t.a order by k limit 1) from t order by id

> select id, (select k from u where u.n > t.a order by k desc limit 1 offset 1) from t order by id

> select id, (select k from u where u.n > t.a order by k desc limit 1 offset t.id - 1) from t order by id

> select id, (select k from u where u.o = t.o) from t order by id

> select id, (select k from u where u.o = t.o) from t where id = 3 order by id

> select id, case when id = 3 then (select k from u where u.o = t.o) end from t order by id

> select id, case when id = 3 then (select k from u where u.n < t.a + 1) end from t order by id

> select id, case when id = 3 then (select k from u where u.o <> t.o) end from t order by id

> select id from t where id = 3 and (select k from u where u.o = t.o) = 3

> select id from t where id = 5 and (select k from u where u.o >= t.o and u.o <= t.o) = 5

> select id, (select (select max(v.m) from v where v.t_id = t.id and v.k <> u.k) from u where u.k = t.id) from t order by id

> select id, (select count(*) from u where exists (select 1 from v where v.t_id = t.id and v.m = u.k)) from t order by id

> select id, (select count(*) from u where u.k in (select v.m from v where v.t_id = t.id)) from t order by id

> select id, (select count(*) from u where u.k not in (select v.m from v where v.t_id = t.id)) from t order by id

> select id from t where a in (select n from u where u.o = t.o limit 1) order by id

> select id from t where a in (select n from u where u.o = t.o order by n desc limit 1) order by id

> select id, a in (select n from u where u.o = t.o order by n desc limit 2 offset 1) from t order by id

> select id from t where a = any (select n + t.id - t.id from u) order by id

> select id, a > all (select n from u where u.k < t.id), a < any (select n from u where u.k < t.id), a >= all (select t.o from u) from t order by id

> select id, (select max(x) from (select t.a + u.n as x from u where u.k > t.id) s) from t order by id

> select id, (select sum(c) from (select u.o, count(*) c from u where u.k >= t.id group by u.o) s) from t order by id

> select id, (select count(*) from (select u.o from u where u.k >= t.id group by u.o having count(*) > 1) s) from t order by id

> select id, exists (select u.o from u where u.k >= t.id group by u.o having count(*) > 1) from t order by id

> select id, exists (select count(*) from u where u.k >= t.id having count(*) > 2) from t order by id

> select id from t where exists (select 1 from (select count(*) c from u where u.o = t.o) s where s.c = 0) order by id

> select id, (select string_agg(k::text, ',' order by k) from u where u.n >= t.a) from t order by id

> select id, (select count(distinct n) from u where u.n >= t.a or t.a is null) from t order by id

> select id, (select n from u where u.k = t.id union select o from u where u.k = t.id and t.a is null) from t where id <> 3 order by id

> select id, (select count(*) from (select n from u where u.k = t.id union all select t.a from u) s) from t order by id

> select id, (select count(*) from (select n from u except select t.a from e union select t.a) s) from t order by id

> select id, (select count(*) from (select n from u except select t.a) s) from t order by id

> select id, (select count(*) from (select n from u intersect select t.a) s) from t order by id

> select id, (select t.a) from t order by id

> select id, a in (select t.a) from t order by id

> select id, a in (values (t.a), (3)) from t order by id

> select id, a in (values (1), (5)) from t order by id

> select id from t where a in (values (1), (5)) order by id

> select id from t where a not in (values (1), (7)) order by id

> select id from t where a = any (values (1), (5)) order by id

> select id from t where a <> all (values (1), (5)) order by id

> select id from t where (a, o) in (values (1, 10), (5, 10)) order by id

> select id from t where (a, o) not in (values (1, 10), (5, 10)) order by id

> select id from t where (a, o) in (select n, o from u) order by id

> select id, (a, o) in (select n, t.o from u where u.k > t.id) from t order by id

> select id, (select max(row_number) from (select row_number() over (order by k) from u where u.o = t.o) s) from t order by id

> select id, a in (select row_number() over (order by k desc) from u where u.k >= t.id) from t order by id

> select id from t where a in (select row_number() over (order by k) from u where u.o = t.o) order by id

> select id, (select count(v.m) from u left join v on v.k = u.k and v.t_id = t.id where u.k <= t.id) from t order by id

> select id, (select count(s.m) from u left join (select * from v where v.t_id = t.id) s on s.k = u.k) from t order by id

> select id, (select count(*) from u left join (select * from v where v.t_id = t.id) s on s.k = u.k where u.o = t.o) from t order by id

> select id from t where exists (select 1 from u left join (select * from v where v.t_id = t.id) s on s.k = u.k where s.k is null and u.k < 4) order by id

> select id, (select count(*) from u full join (select * from v where v.t_id = t.id) s on s.k = u.k) from t order by id

> select id, (select count(*) from (select * from v where v.t_id = t.id) s right join u on s.k = u.k) from t order by id

> select u.k, (select count(*) from t where u.j is not null and t.id <= u.k), u.j in (select u.j from t) from u order by k

> select sum((select count(*) from u where u.n > t.a)) from t

> select a, sum((select count(*) from u where u.n > t.a)) from t group by a order by a

> select a, (select count(*) from u where u.n > t.a) from t group by a order by a

> select a, count(*) from t group by a having (select count(*) from u where u.n > t.a) > 1 order by a

> select id from t order by (select count(*) from u where u.n > t.a), id

> select id, rank() over (order by (select count(*) from u where u.n > t.a)) from t order by id

> select t.id, u.k from t left join u on u.k = t.id and exists (select 1 from v where v.t_id < u.k) order by t.id

> select t.id, u.k from t join u on u.k = t.id and (select count(*) from v where v.t_id < u.k + t.id) > 2 order by t.id

> select distinct on (a) a, (select count(*) from u where u.n > t.a) from t order by a, id

> select distinct a, (select count(*) from u where u.n > t.a) from t order by a

> select id, array(select k from u where u.n > t.a order by k desc) from t order by id

> select id, array(select k from u where u.n > t.a order by k desc limit 2) from t order by id

> select x, (select count(*) from u where u.n > s.x) from (select a as x from t order by id limit 3) s order by x

> select id, (select count(*) from generate_series(1, t.a) g where g > 2) from t order by id

> select id, (select j->>'a' from u where u.k = t.id and t.a > 0) from t order by id

> select id, (select j from u where u.k = t.id and t.a > 0) from t order by id

> update t set o = (select max(k) from u where u.k < t.id and t.a > 0) where id in (select t.id from u where t.id > 3)

> select * from t order by id

> delete from t where a not in (select t.o from u where u.k <> t.id)

> select * from t order by id

> with c as (select id, a from t) select id, (select count(*) from c c2 where c2.id < c.id) from c order by id

> select id, (select count(*) from t t2 where t2.a > (select min(n) from u where u.o > t.o and u.k <> t2.id)) from t order by id

> select id, exists (select 1 from u where u.o = t.o limit 0), exists (select 1 from u where u.o = t.o offset 1), exists (select 1 from u where u.o = t.o limit 1) from t order by id

> select id from t where exists (select 1 from u where u.o = t.o offset 1) order by id

> select id from t where not exists (select 1 from u where u.o = t.o limit 0) order by id

