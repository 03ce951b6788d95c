# The row of a relation as one value. PostgreSQL's answers.

> create table t(id int primary key, n int, a int[], j jsonb, "Q q" text)
CREATE TABLE

> insert into t values (1,2,'{5,6}','{"k": 1}','x y'),(2,3,'{7}',null,null),(3,null,'{}','[1]','a,b')
INSERT 0 3

> create table u(tid int, v text)
CREATE TABLE

> insert into u values (1,'one'),(null,null),(3,'three')
INSERT 0 3

> select t from t order by id
                t
----------------------------------
 (1,2,"{5,6}","{""k"": 1}","x y")
 (2,3,{7},,)
 (3,,{},[1],"a,b")
(3 rows)

> select (t).id, (t).n from t order by 1
 id |  n
----+------
  1 |    2
  2 |    3
  3 | NULL
(3 rows)

> select count(t), count(t.*) from t
 count | count
-------+-------
     3 |     3
(1 row)

> select t.id, count(u.*), count(u) from t left join u on u.tid = t.id group by t.id order by 1
 id | count | count
----+-------+-------
  1 |     1 |     1
  2 |     0 |     0
  3 |     1 |     1
(3 rows)

> select count(u.*) from u
 count
-------
     3
(1 row)

> select count(t), count(u) from t full join u on u.tid = t.id
 count | count
-------+-------
     3 |     3
(1 row)

> select id from t where t is null
 id
----
(0 rows)

> select id from t where t is not null order by 1
 id
----
  1
(1 row)

> select t.id from t left join u on u.tid = t.id where u is null order by 1
 id
----
  2
(1 row)

> select t.id, u from t left join u on u.tid = t.id order by 1
 id |     u
----+-----------
  1 | (1,one)
  2 | NULL
  3 | (3,three)
(3 rows)

> select to_jsonb(t) from t order by id
                          to_jsonb
-------------------------------------------------------------
 {"a": [5, 6], "j": {"k": 1}, "n": 2, "id": 1, "Q q": "x y"}
 {"a": [7], "j": null, "n": 3, "id": 2, "Q q": null}
 {"a": [], "j": [1], "n": null, "id": 3, "Q q": "a,b"}
(3 rows)

> select to_jsonb(t.*) - 'j' from t order by id
                   ?column?
----------------------------------------------
 {"a": [5, 6], "n": 2, "id": 1, "Q q": "x y"}
 {"a": [7], "n": 3, "id": 2, "Q q": null}
 {"a": [], "n": null, "id": 3, "Q q": "a,b"}
(3 rows)

> select jsonb_agg(t order by id) from t
                                                                                 jsonb_agg
---------------------------------------------------------------------------------------------------------------------------------------------------------------------------
 [{"a": [5, 6], "j": {"k": 1}, "n": 2, "id": 1, "Q q": "x y"}, {"a": [7], "j": null, "n": 3, "id": 2, "Q q": null}, {"a": [], "j": [1], "n": null, "id": 3, "Q q": "a,b"}]
(1 row)

> select to_jsonb(u) from t left join u on u.tid = t.id order by id
         to_jsonb
--------------------------
 {"v": "one", "tid": 1}
 NULL
 {"v": "three", "tid": 3}
(3 rows)

> select jsonb_build_object('t', t, 'n', 1) from t where id = 1
                             jsonb_build_object
----------------------------------------------------------------------------
 {"n": 1, "t": {"a": [5, 6], "j": {"k": 1}, "n": 2, "id": 1, "Q q": "x y"}}
(1 row)

> select to_jsonb(q) from (select id, n * 2 as nn from t) q order by id
       to_jsonb
-----------------------
 {"id": 1, "nn": 4}
 {"id": 2, "nn": 6}
 {"id": 3, "nn": null}
(3 rows)

> select to_jsonb(row(1,'a',null))
             to_jsonb
----------------------------------
 {"f1": 1, "f2": "a", "f3": null}
(1 row)

> select jsonb_agg(row(id, n) order by id) from t
                            jsonb_agg
-----------------------------------------------------------------
 [{"f1": 1, "f2": 2}, {"f1": 2, "f2": 3}, {"f1": 3, "f2": null}]
(1 row)

> select id, (select jsonb_agg(u) from u where u.tid = t.id) from t order by 1
 id |         jsonb_agg
----+----------------------------
  1 | [{"v": "one", "tid": 1}]
  2 | NULL
  3 | [{"v": "three", "tid": 3}]
(3 rows)

> select distinct t from t order by t
                t
----------------------------------
 (1,2,"{5,6}","{""k"": 1}","x y")
 (2,3,{7},,)
 (3,,{},[1],"a,b")
(3 rows)

> with c as (select id, n from t) select to_jsonb(c) from c order by id
       to_jsonb
----------------------
 {"n": 2, "id": 1}
 {"n": 3, "id": 2}
 {"n": null, "id": 3}
(3 rows)

> select to_jsonb(g) from generate_series(1,2) g
 to_jsonb
----------
 1
 2
(2 rows)

> select t.id from t t order by t
 id
----
  1
  2
  3
(3 rows)

> select row(t.*, 5) from t where id = 1
                row
------------------------------------
 (1,2,"{5,6}","{""k"": 1}","x y",5)
(1 row)

> select id as t from t where t.id = 1
 t
---
 1
(1 row)

> select n from t n
  n
------
    2
    3
 NULL
(3 rows)

> select row_to_json(q)::jsonb from (select id, n * 2 as nn from t) q order by id
      row_to_json
-----------------------
 {"id": 1, "nn": 4}
 {"id": 2, "nn": 6}
 {"id": 3, "nn": null}
(3 rows)

# differs: a derived table beside an outer join has no column that tells whether its row is there.
> select coalesce(to_jsonb(u), '{}') from t left join (select * from u) u on u.tid = t.id order by id
ERROR 0A000: the row of "u" as a value is not offered where an outer join may lack it
LINE 1: select coalesce(to_jsonb(u), '{}') from t left join (select * from u) u on u.tid = t.id order by id
               ^
HINT: Name its columns.

