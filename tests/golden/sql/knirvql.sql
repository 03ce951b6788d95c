# KNIRVQL through the wire: the four statements of the specification, and the rest of the language.

> SET MEMORY id = "entry-id-12345" metadata = {source: "web-scrape", title: "First", size: 3} vector = [0.45, 0.12, 0.3]

> SET MEMORY id = "entry-2" metadata = {source: "web-scrape", title: "Second", size: 5} vector = [0.4, 0.2, 0.3]

> SET MEMORY id = "entry-3" metadata = {source: "mail", title: "Third", tags: ["a", "b"]} vector = [-0.45, 0.9, 0.1]

> GET MEMORY WHERE metadata.source = "web-scrape" SIMILAR TO [0.45, 0.12, 0.3] LIMIT 10;

> SET AUTH key = "google_maps_api_key" value = "AIzaSy...";

> GET AUTH WHERE key = "google_maps_api_key";

> DELETE WHERE id = "entry-id-12345";

> GET MEMORY FIELDS id, metadata.title ORDER BY id

> GET MEMORY FIELDS id WHERE metadata.size > 3

> GET MEMORY FIELDS id WHERE metadata.size IS NULL

> GET MEMORY FIELDS id WHERE metadata.tags CONTAINS "a"

> GET MEMORY FIELDS id WHERE metadata.title STARTS WITH "Se" OR metadata.title LIKE "Th%" ORDER BY metadata.title DESC

> GET MEMORY FIELDS id WHERE metadata.title MATCHES "^S" AND NOT metadata.source = "mail"

> GET MEMORY FIELDS id, distance SIMILAR TO [1, 0, 0] USING l1 LIMIT 1

> GET MEMORY FIELDS id SIMILAR TO ENTRY "entry-2" USING l2 WITHIN 10 WITH (ef = 50) LIMIT 2

> SET MEMORY id = "entry-3" metadata = {source: "chat"}

> GET MEMORY FIELDS id, metadata WHERE id = "entry-3"

> DELETE MEMORY WHERE metadata.source = "chat"

> GET MEMORY FIELDS id

> SELECT id FROM knirvql('GET MEMORY FIELDS id')

> CREATE TABLE note (id text PRIMARY KEY, word text, v vector(2))

> SET MEMORY IN note id = "n" metadata = {word: "hello", extra: 1} vector = [1, 2]

> GET MEMORY IN note

> SELECT word, metadata FROM note

> SHOW COLLECTIONS

> SHOW NETWORKS

> CREATE NETWORK home

> STAGE MEMORY WHERE id = "entry-2"

> SYNC

> GET MEMORY WHERE metadata.source == "x"

> GET MEMORY SIMILAR TO [1, "a"]

> GET MEMORY LIMIT -1

> GET MEMORY SIMILAR TO [1, 0] LIMIT 1

> GET MEMORY IN nowhere

> GET NOTHING

> DELETE WHERE id = "nobody"

> BEGIN; SET MEMORY id = "t" metadata = {}; ROLLBACK

> GET MEMORY WHERE id = "t"

> SELECT 1 AS one; GET MEMORY FIELDS id WHERE id = "entry-2"; SELECT 2 AS two
