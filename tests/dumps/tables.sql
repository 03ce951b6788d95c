-- What the dumps are of: tables, views, sequences and schemas, written so that PostgreSQL 18 and this server both take it.
CREATE SCHEMA shop;
CREATE TYPE shop.size AS ENUM ('small', 'it''s big', 'huge');
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN shop.percent AS numeric(5, 2) DEFAULT 50 CONSTRAINT whole CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN email AS text NOT NULL CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE shop.numbers INCREMENT BY 5 START WITH 10;
CREATE TABLE shop.customers (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email varchar(80) UNIQUE,
    number bigint DEFAULT nextval('shop.numbers'),
    joined timestamptz DEFAULT now(),
    feels mood DEFAULT 'ok' NOT NULL,
    felt mood DEFAULT 'sad'::mood CHECK (felt <> 'happy'::mood),
    near vector(2) DEFAULT '[1,2]'::vector,
    mood_text text GENERATED ALWAYS AS (CASE felt WHEN 'sad'::mood THEN 'low' ELSE 'high' END) STORED
);
COMMENT ON TABLE shop.customers IS 'who''s who';
COMMENT ON COLUMN shop.customers.email IS 'at most one each';
CREATE TABLE items (
    id serial PRIMARY KEY,
    title text DEFAULT 'none' NOT NULL,
    price numeric(10, 2) CHECK (price > 0),
    tags text[],
    facts jsonb,
    embedding vector(3),
    code char(4),
    total numeric GENERATED ALWAYS AS (price * 2) STORED,
    day date,
    is_old boolean DEFAULT false,
    size shop.size DEFAULT 'it''s big',
    sizes shop.size[],
    CONSTRAINT "a day" CHECK (day IS NULL OR day > '2000-01-01')
);
CREATE TABLE orders (
    item integer REFERENCES items ON DELETE CASCADE,
    customer integer,
    amount smallint DEFAULT 1,
    note bytea,
    PRIMARY KEY (item, customer),
    CONSTRAINT ordered_by FOREIGN KEY (customer) REFERENCES shop.customers (id) ON UPDATE CASCADE
);
CREATE TABLE rates (id integer PRIMARY KEY, rate shop.percent, mail email DEFAULT 'a@b');
CREATE INDEX items_title ON items (title);
CREATE INDEX items_lower ON items (lower(title)) WHERE NOT is_old;
CREATE INDEX items_facts ON items USING gin (facts);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_cosine_ops);
CREATE VIEW sold AS SELECT i.title, o.amount FROM items i JOIN orders o ON o.item = i.id;
-- Before the one that it reads, by its name.
CREATE VIEW best AS SELECT title, sum(amount) AS amount FROM sold GROUP BY title;
CREATE INDEX customers_felt ON shop.customers ((felt = 'sad'::mood)) WHERE feels <> 'sad'::mood;
CREATE VIEW moods AS SELECT id, feels FROM shop.customers WHERE feels = ANY (ARRAY['ok', 'sad']::mood[]);
-- The query of WITH stands before the table of its name.
CREATE VIEW hidden AS WITH items AS (SELECT 9 AS id) SELECT ITEMS.id FROM Items;
CREATE VIEW shop.named AS WITH c AS (SELECT id, name FROM shop.customers) SELECT name FROM c;
INSERT INTO shop.customers (name, email) VALUES ('Ada', 'ada@x'), (E'tab\tand\\', NULL), ('ü', 'u@x');
INSERT INTO items (title, price, tags, facts, embedding, code, day, size, sizes) VALUES
    ('a''b', 1.5, '{a,"b c",NULL}', '{"k": [1, 2]}', '[1,2,3]', 'xy', '2024-02-29', 'huge', '{small,"it''s big"}'),
    (E'line\nbreak', 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES (1, 1, 3, '\x00ff'), (2, 1, 1, NULL), (1, 2, 2, NULL);
INSERT INTO rates VALUES (1, 12.5, 'c@d');
INSERT INTO rates (id) VALUES (2);
INSERT INTO rates (id, rate) VALUES (3, NULL);
CREATE MATERIALIZED VIEW shop.totals AS SELECT title, amount * 2 AS twice FROM best;
CREATE UNIQUE INDEX totals_title ON shop.totals (title);
CREATE MATERIALIZED VIEW unfilled (one) AS SELECT twice FROM shop.totals WITH NO DATA;
