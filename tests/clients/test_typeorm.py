"""How TypeORM starts: which schema and database it is in, and what is there, before it creates its tables."""

import psycopg
import pytest

TABLE = """CREATE TABLE "{table}" ("id" SERIAL NOT NULL, "name" character varying NOT NULL, "age" integer,
CONSTRAINT "PK_{table}" PRIMARY KEY ("id"))"""


@pytest.fixture
def typeorm(server):
    with psycopg.connect(
        server.url, autocommit=True, connect_timeout=10, cursor_factory=psycopg.RawCursor
    ) as connection:
        yield lambda statement, parameters=(): connection.execute(statement, parameters)


def test_it_learns_where_it_is(typeorm):
    cursor = typeorm("SELECT * FROM current_schema()")
    assert (cursor.description[0].name, cursor.fetchall()) == ("current_schema", [("public",)])
    cursor = typeorm("SELECT * FROM current_database()")
    assert (cursor.description[0].name, cursor.fetchall()) == ("current_database", [("nebulus",)])
    assert typeorm("SELECT version()").fetchone()[0].startswith("PostgreSQL 18")


def test_it_creates_its_tables(typeorm, table_name):
    typeorm("START TRANSACTION")
    known = 'SELECT * FROM "information_schema"."tables" WHERE "table_schema" = \'public\' AND "table_name" = $1'
    assert typeorm(known, [table_name]).fetchall() == []
    typeorm(TABLE.format(table=table_name))
    assert len(typeorm(known, [table_name]).fetchall()) == 1
    typeorm("COMMIT")
    insert = f'INSERT INTO "{table_name}"("id", "name", "age") VALUES (DEFAULT, $1, $2) RETURNING "id"'
    assert typeorm(insert, ["a", 3]).fetchall() == [(1,)]


def test_it_changes_its_tables(typeorm, table_name):
    typeorm(TABLE.format(table=table_name))
    typeorm(f'INSERT INTO "{table_name}"("name", "age") VALUES ($1, $2)', ["a", 3])
    typeorm(f'ALTER TABLE "{table_name}" ADD "state" character varying NOT NULL DEFAULT \'new\'')
    typeorm(f'ALTER TABLE "{table_name}" ALTER COLUMN "age" SET NOT NULL')
    typeorm(f'ALTER TABLE "{table_name}" ALTER COLUMN "name" DROP NOT NULL')
    typeorm(f'ALTER TABLE "{table_name}" ALTER COLUMN "age" SET DEFAULT 18')
    typeorm(f'INSERT INTO "{table_name}"("name") VALUES (NULL)')
    rows = typeorm(f'SELECT "name", "age", "state" FROM "{table_name}" ORDER BY "id"').fetchall()
    assert rows == [("a", 3, "new"), (None, 18, "new")]
