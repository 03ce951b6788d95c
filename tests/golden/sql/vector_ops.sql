# pgvector's type, operators and functions.

> CREATE TABLE item (id bigserial PRIMARY KEY, embedding vector(3))

> INSERT INTO item (embedding) VALUES ('[1,2,3]'), ('[4,5,6]'), ('[-1, 0.5 ,2e-3]'), (NULL)

> SELECT * FROM item ORDER BY id

> SELECT id, embedding <-> '[3,1,2]' AS l2 FROM item ORDER BY embedding <-> '[3,1,2]' LIMIT 5

> SELECT id, embedding <#> '[3,1,2]' AS negative_inner_product FROM item ORDER BY embedding <#> '[3,1,2]' LIMIT 2

> SELECT id, round((embedding <=> '[3,1,2]')::numeric, 6) AS cosine FROM item ORDER BY embedding <=> '[3,1,2]' LIMIT 2

> SELECT id, embedding <+> '[3,1,2]' AS l1 FROM item ORDER BY embedding <+> '[3,1,2]' LIMIT 2

> SELECT id FROM item WHERE embedding <-> '[1,2,3]' < 1 ORDER BY id

> SELECT id, 1 - (embedding <=> '[1,2,3]') > 0.99 AS close FROM item WHERE embedding IS NOT NULL ORDER BY id

> SELECT id FROM item WHERE id != 1 ORDER BY embedding <-> (SELECT embedding FROM item WHERE id = 1) LIMIT 1

> SELECT '[1,2,3]'::vector + '[4,5,6]'::vector AS plus, '[1,2,3]'::vector - '[4,5,6]'::vector AS minus, '[1,2,3]'::vector * '[4,5,6]'::vector AS times

> SELECT '[1,2]'::vector || '[3]'::vector AS joined

> SELECT '[1,2,3]'::vector = '[1,2,3]'::vector AS same, '[1,2,3]'::vector < '[1,3,0]'::vector AS less

> SELECT l2_distance('[0,0]'::vector, '[3,4]'::vector), inner_product('[1,2]'::vector, '[3,4]'::vector), cosine_distance('[1,0]'::vector, '[0,1]'::vector), l1_distance('[0,0]'::vector, '[3,4]'::vector)

> SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'::vector), l2_normalize('[3,4]'::vector), subvector('[1,2,3,4,5]'::vector, 2, 3)

> SELECT avg(embedding), sum(embedding) FROM item

> SELECT cosine_distance('[1,1]'::vector, '[0,0]'::vector)

> SELECT '[1,2,3]'::vector::real[], ARRAY[1,2,3]::vector, '{1,2}'::real[]::vector

> SELECT '[0.1,1e-20,123456789]'::vector

> INSERT INTO item (embedding) VALUES ('[1,2]')

> INSERT INTO item (embedding) VALUES ('[1,2,3,4]')

> SELECT '[1,2]'::vector(3)

> SELECT '[1,2]'::vector <-> '[1,2,3]'::vector

> SELECT id FROM item ORDER BY embedding <-> '[1,2]' LIMIT 1

> SELECT '[NaN,1]'::vector

> SELECT '[Infinity,1]'::vector

> SELECT '[1e40]'::vector

> SELECT '[]'::vector

> SELECT '[1,2'::vector

> SELECT '1,2'::vector

> SELECT '[1,,2]'::vector

> SELECT '[1,a]'::vector

> CREATE TABLE wide (embedding vector(16001))

> CREATE TABLE flat (embedding vector(0))

> SELECT count(*) FROM item

> UPDATE item SET embedding = '[9,9,9]' WHERE id = 1 RETURNING embedding

> SELECT id FROM item ORDER BY embedding <-> '[9,9,9]', id LIMIT 1

> SELECT id FROM item ORDER BY embedding <-> '[9,9,9]'

> SELECT id, embedding <-> '[9,9,9]' IS NULL AS none FROM item ORDER BY id
