# Inverted indexes over jsonb.

> create table g(id int primary key, j jsonb, t text, a text[])

> insert into g select i, jsonb_build_object('k', i % 100, 'tags', jsonb_build_array('t' || i % 7, 'u'), 'n', jsonb_build_object('x', i)), 'a', array['x'] from generate_series(1,5000) i

> create index g_j on g using gin (j)

> create index g_p on g using gin (j jsonb_path_ops) with (fastupdate = off)

> select indexdef from pg_indexes where tablename='g' order by 1

> select count(*) from g where j @> '{"k": 5}'

> select count(*) from g where j @> '{"k": 5.0}'

> select id from g where j @> '{"n": {"x": 77}}'

> select count(*) from g where j @> '{"tags": ["t3"]}'

> select count(*) from g where j @> '{"tags": ["t3", "u"], "k": 3}'

> select count(*) from g where j ? 'k'

> select count(*) from g where j ? 'zzz'

> select count(*) from g where j @> '{}'

> begin

> update g set j = '{"n": {"x": 77}}' where id = 1

> delete from g where id = 77

> select id from g where j @> '{"n": {"x": 77}}'

> rollback

> update g set j = '["only", {"n": {"x": -1}}]' where id = 2

> select id from g where j @> '["only"]'

> select id from g where j @> '"only"'

> select id from g where j ? 'only'

> select id from g where j @> '[{"n": {"x": -1}}]'

> select id from g where j @> '{"n": {"x": 2}}'

> insert into g values (6000, null), (6001, '{"n": {"x": 77}}')

> select id from g where j @> '{"n": {"x": 77}}' order by 1

> delete from g where id = 6001

> select id from g where j @> '{"n": {"x": 77}}' order by 1

> create index on g using gin ((j -> 'tags'))

> select count(*) from g where j -> 'tags' ? 't3'

> create index g_w on g using gin (j) where id > 4000

> select count(*) from g where id > 4000 and j @> '{"k": 5}'

> create unique index on g using gin (j)

> create index on g using gin (t)

> create index on g using gin (id, j)

> create index on g using gin (j desc)

> create index on g using gin (j nosuch_ops)

> create index on g using gin (j) with (fillfactor = 70)

> select am.amname, o.opcname, i.relname from pg_index x join pg_class i on i.oid=x.indexrelid join pg_am am on am.oid=i.relam join pg_opclass o on o.oid=x.indclass[0] where x.indrelid='g'::regclass order by 3

> drop index g_j

> select count(*) from g where j @> '{"k": 5}'

> drop table g

