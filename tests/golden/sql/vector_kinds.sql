# pgvector's halves and sparse vectors.

> select '{1:1.5,3:2}/5'::sparsevec

> select '{3:2,1:1.5,2:0}/5'::sparsevec

> select '{}/5'::sparsevec

> select '{0:1}/5'::sparsevec

> select '{6:1}/5'::sparsevec

> select '{1:1,1:2}/5'::sparsevec

> select '{1:1}/0'::sparsevec

> select '{1:1}/1000000001'::sparsevec

> select '{1:nan}/2'::sparsevec

> select '{1:inf}/2'::sparsevec

> select '{1:1e40}/2'::sparsevec

> select '{1:1'::sparsevec

> select '1:1}/2'::sparsevec

> select '{1:1}'::sparsevec

> select '{1:1}/'::sparsevec

> select '{1:1}/2x'::sparsevec

> select '{1}/2'::sparsevec

> select '{1:}/2'::sparsevec

> select ' { 1 : 1 , 2 : 3 } / 5 '::sparsevec

> select '{1:1,}/2'::sparsevec

> select '{a:1}/2'::sparsevec

> select '{-1:1}/2'::sparsevec

> select '{1:1}/2'::sparsevec(3)

> select '{1:1}/2'::sparsevec(2)

> select 1::int where '{1:1}/2'::sparsevec(0) is null

> select 1::int where '{1:1}/2'::sparsevec(1000000001) is null

> select '[1,0,2]'::vector::sparsevec, '{1:1,3:2}/3'::sparsevec::vector, array[1,0,2]::sparsevec, '[1,0,2]'::halfvec::sparsevec, '{1:1,3:2}/3'::sparsevec::halfvec

> select '{1:1}/20000'::sparsevec::vector

> select '{1:1}/3'::sparsevec <-> '{1:1}/4'

> select '{1:1,2:2}/3'::sparsevec <-> '{1:4,3:1}/3', '{1:1,2:2}/3'::sparsevec <#> '{1:4,3:1}/3','{1:1,2:2}/3'::sparsevec <=> '{1:4,3:1}/3','{1:1,2:2}/3'::sparsevec <+> '{1:4,3:1}/3'

> select l2_norm('{1:3,2:4}/2'::sparsevec), l2_normalize('{1:3,2:4}/2'::sparsevec), l2_normalize('{}/2'::sparsevec)

> select '{}/2'::sparsevec <=> '{1:1}/2'

> select '{1:1}/2'::sparsevec < '{1:2}/2', '{1:1}/2'::sparsevec = '{1:1}/2', '{1:-1}/2'::sparsevec < '{2:-1}/2', '{1:1}/2'::sparsevec < '{1:1}/3'

> select '[1.1,2,3]'::halfvec, '[65504]'::halfvec, '[1e-8]'::halfvec

> select '[65520]'::halfvec

> select '[1e40]'::halfvec

> select '[nan]'::halfvec

> select '[]'::halfvec

> select '[1,2]'::halfvec(3)

> select '[1,2]'::vector::halfvec, '[1,2]'::halfvec::vector, array[1.1,2]::halfvec, '[1,2]'::halfvec::real[], '{1,2}'::real[]::halfvec

> select '[70000]'::vector::halfvec

> select '[1,2]'::halfvec + '[3,4.1]', '[1,2]'::halfvec - '[3,4]','[1,2]'::halfvec * '[3,4]','[1,2]'::halfvec || '[3]'

> select '[65504]'::halfvec + '[65504]'

> select '[65504]'::halfvec * '[65504]', '[1e-7]'::halfvec*'[1e-7]'

> select '[1,2]'::halfvec <-> '[1,3]', '[1,2]'::halfvec <=> '[1,3]', '[1,2]'::halfvec <#> '[1,3]','[1,2]'::halfvec <+> '[1,3]'

> select '[1,2]'::halfvec <-> '[1,3,3]'

> select l2_normalize('[3,4]'::halfvec), subvector('[1,2,3]'::halfvec,2,2), vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), binary_quantize('[1,-1,0]'::halfvec), binary_quantize('[1,-1,2]'::vector)

> select inner_product('[1,2]'::halfvec,'[3,4]'), l2_distance('[1,2]'::halfvec,'[3,4]'), cosine_distance('[1,2]'::halfvec,'[3,4]'), l1_distance('[1,2]'::halfvec,'[3,4]')

> select inner_product('{1:1}/2'::sparsevec,'{1:2}/2'), l2_distance('{1:1}/2'::sparsevec,'{1:2}/2'), cosine_distance('{1:1}/2'::sparsevec,'{1:2}/2'), l1_distance('{1:1}/2'::sparsevec,'{1:2}/2')

> select avg(v), sum(v) from unnest(array['[1,2]','[3,4.5]']::halfvec[]) v

> select pg_typeof(avg(v)), pg_typeof(sum(v)) from unnest(array['[1,2]','[3,4.5]']::halfvec[]) v

> select '[1,2]'::halfvec = '[1,2]', '[1,2]'::halfvec < '[1,3]'

> select '[1,2]'::halfvec::text, '{1:1}/2'::sparsevec::text

> select null::halfvec(2), null::bit(3)

> select '[1,2,3]'::halfvec::vector(2)

> select cosine_similarity('[1]','[2]')

> select vector_dims('{1:1}/2'::sparsevec)

> select '[1,2]'::vector <-> '[1,2]'::halfvec

> select '[1,2]'::vector = '[1,2]'::halfvec

> select '[1,2]'::vector <-> '{1:1}/2'::sparsevec

> create table kv (id int primary key, h halfvec(3), s sparsevec(5))

> insert into kv select n, array[n, n % 3, 1]::halfvec, ('{1:' || n || ',3:1}/5')::sparsevec from generate_series(1, 20) n

> insert into kv values (30, '[1,2]', null)

> insert into kv values (30, null, '{1:1}/4')

> create index on kv using hnsw (h halfvec_l2_ops)

> create index on kv using hnsw (h vector_l2_ops)

> create index on kv using hnsw (s sparsevec_l2_ops)

> select id, h from kv order by h <-> '[4,1,1]' limit 3

> select id, h <=> '[4,1,1]' < 1 from kv order by h <-> '[4,1,1]'::vector, id limit 2

> select id, s from kv order by s <-> '{1:4,3:1}/5' limit 3

> select id from kv order by l2_distance(s, '{1:4,3:1}/5'), id limit 3

> update kv set h = h + '[0.1,0,0]', s = l2_normalize(s) where id = 1 returning h, s

> select s from kv where id in (1, 2, 3) order by s

> select avg(h), sum(h) from kv where id < 4

> select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'kv'::regclass and attnum > 0 order by attnum

> alter table kv alter column h type halfvec(4)

> alter table kv alter column h type vector(3)

> select distinct s from kv where id = 2

> create table free (h halfvec)

> insert into free values ('[1,2]'), ('[3,4]')

> insert into free values ('[1,2,3]')

> select h from free order by h <-> '[3,3]'
