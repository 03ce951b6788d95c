# INSERT, UPDATE and DELETE inside WITH: each sees the data as it was before the statement, and the others' rows through
# RETURNING alone. PostgreSQL's answers.

> create table t(id int primary key, n int)
CREATE TABLE

> create table log(id int, what text)
CREATE TABLE

> insert into t values (1,10),(2,20),(3,30)
INSERT 0 3

> with x as (insert into t values (4,40),(5,50) returning id, n) select * from x order by id
 id | n
----+----
  4 | 40
  5 | 50
(2 rows)

> with x as (insert into t values (6,60) returning id) select (select count(*) from t) as before, (select count(*) from x) as new
 before | new
--------+-----
      5 |   1
(1 row)

> with gone as (delete from t where id > 4 returning *) insert into log select id, 'gone' from gone returning *
 id | what
----+------
  5 | gone
  6 | gone
(2 rows)
INSERT 0 2

> select * from t order by id
 id | n
----+----
  1 | 10
  2 | 20
  3 | 30
  4 | 40
(4 rows)

> with u as (update t set n = n + 1 where id < 3 returning id, n), i as (insert into log select id, 'up ' || n from u returning id) select u.id, u.n, i.id from u join i using (id) order by 1
 id | n  | id
----+----+----
  1 | 11 |  1
  2 | 21 |  2
(2 rows)

> select * from log order by id, what
 id | what
----+-------
  1 | up 11
  2 | up 21
  5 | gone
  6 | gone
(4 rows)

> with d as (delete from t where id = 3) select count(*) from t
 count
-------
     4
(1 row)

> select count(*) from t
 count
-------
     3
(1 row)

> with d as (delete from t where id = 3) select * from d
ERROR 0A000: WITH query "d" does not have a RETURNING clause
LINE 1: with d as (delete from t where id = 3) select * from d
                                                             ^
HINT: Add RETURNING with the columns that are wanted.

> with a(k, v) as (insert into t values (7, 70) returning id, n) select k, v from a
 k | v
---+----
 7 | 70
(1 row)

> with a as (insert into t values (8, 80) returning id), b as (select id + 1 as id from a), c as (insert into t select id, 90 from b returning id) select * from c
 id
----
  9
(1 row)

> with a as (insert into t values (1, 1) on conflict (id) do update set n = excluded.n returning id, n) select * from a
 id | n
----+---
  1 | 1
(1 row)

> with a as (insert into t values (1, 1) returning id) select * from a
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
DETAIL: Key (id)=(1) already exists.

> with a as (insert into t values (20, 1)) insert into t values (21, 2)
INSERT 0 1

> with a as (insert into t values (30, 1) returning *) update t set n = a.n from a where t.id = 30 returning t.*
 id | n
----+---
(0 rows)
UPDATE 0

> select * from t order by id
 id | n
----+----
  1 |  1
  2 | 21
  4 | 40
  7 | 70
  8 | 80
  9 | 90
 20 |  1
 21 |  2
 30 |  1
(9 rows)

> with a as (insert into t values (31, 1) returning id) delete from t where id in (select id from a)
DELETE 0

> select count(*) from t where id = 31
 count
-------
     1
(1 row)

> select * from (with x as (insert into t values (40, 1) returning id) select * from x) q
ERROR 0A000: WITH clause containing a data-modifying statement must be at the top level
HINT: Put it into the WITH clause of the whole statement.

> with x as (insert into t values (41,1) returning id), x as (select 1) select 1
ERROR 42712: WITH query name "x" specified more than once
LINE 1: with x as (insert into t values (41,1) returning id), x as (select 1) select 1
                                                              ^

> with recursive s(i) as (select 1 union all select i + 1 from s where i < 3), ins as (insert into t select 100 + i, i from s returning id) select sum(id) from ins
 sum
-----
 306
(1 row)

> prepare w(int, int) as with x as (insert into t values ($1, $2) returning id, n) select id + n as s from x
PREPARE

> execute w(200, 1)
  s
-----
 201
(1 row)

> execute w(201, 2)
  s
-----
 203
(1 row)

> execute w(201, 2)
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
DETAIL: Key (id)=(201) already exists.

> begin
BEGIN

> with x as (insert into t values (300, 1) returning id) select * from x
 id
-----
 300
(1 row)

> rollback
ROLLBACK

> select count(*) from t where id = 300
 count
-------
     0
(1 row)

> with x as (select 1 as a), y as (insert into log select a, 'y' from x returning *) select * from x, y
 a | id | what
---+----+------
 1 |  1 | y
(1 row)

> with moved as (delete from log where what like 'up%' returning id, what) select count(*), max(what) from moved
 count |  max
-------+-------
     2 | up 21
(1 row)

> with x as (update t set n = 0 where false returning id) select count(*) from x
 count
-------
     0
(1 row)

> with x as (insert into log values (9, 'z') returning id) select x.id, t.n from x left join t on t.id = x.id
 id | n
----+----
  9 | 90
(1 row)

> with x as (insert into log values (10, 'z')) select 1 as one
 one
-----
   1
(1 row)

> create table doc(id bigserial primary key, body jsonb)
CREATE TABLE

> with ins as (insert into doc(body) select jsonb_build_object('a', g) from generate_series(1,3) g returning id, body) select id, body->>'a' as a from ins order by id
 id | a
----+---
  1 | 1
  2 | 2
  3 | 3
(3 rows)

