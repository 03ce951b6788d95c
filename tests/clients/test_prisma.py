"""The statements that Prisma's query engine writes: every column has its schema and its table before it.

Recorded with Prisma 7 and its adapter for node-postgres; sent here as it sends them, prepared and with `$1`.
"""

import psycopg
import pytest


@pytest.fixture
def prisma(server, table_name):
    """Executes statements as Prisma's adapter does; `"t"` stands for the table."""
    with psycopg.connect(
        server.url, autocommit=True, connect_timeout=10, cursor_factory=psycopg.RawCursor
    ) as connection:

        def execute(statement, parameters=()):
            cursor = connection.execute(statement.replace('"t"', f'"{table_name}"'), parameters, prepare=True)
            return cursor.fetchall() if cursor.description else cursor.rowcount

        execute('CREATE TABLE "public"."t" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, "name" TEXT, PRIMARY KEY ("id"))')
        execute('CREATE UNIQUE INDEX "t_email" ON "public"."t"("email")'.replace("t_email", f"{table_name}_email"))
        yield execute


def test_create(prisma):
    statement = (
        'INSERT INTO "public"."t" ("email","name") VALUES ($1,$2) '
        'RETURNING "public"."t"."id", "public"."t"."email", "public"."t"."name"'
    )
    assert prisma(statement, ["a@b", "A"]) == [(1, "a@b", "A")]
    assert prisma(statement, ["c@d", None]) == [(2, "c@d", None)]


def test_update_upsert_and_delete(prisma):
    prisma('INSERT INTO "public"."t" ("email","name") VALUES ($1,$2)', ["a@b", "A"])
    returning = 'RETURNING "public"."t"."id", "public"."t"."email", "public"."t"."name"'
    update = f'UPDATE "public"."t" SET "name" = $1 WHERE ("public"."t"."id" = $2 AND 1=1) {returning}'
    assert prisma(update, ["B", 1]) == [(1, "a@b", "B")]
    many = 'UPDATE "public"."t" SET "name" = $1 WHERE "public"."t"."email" LIKE $2'
    assert prisma(many, ["C", "a%"]) == 1
    upsert = (
        'INSERT INTO "public"."t" ("email","name") VALUES ($1,$2) ON CONFLICT ("email") DO UPDATE '
        f'SET "name" = $3 WHERE ("public"."t"."email" = $4 AND 1=1) {returning}'
    )
    assert prisma(upsert, ["a@b", "X", "D", "a@b"]) == [(1, "a@b", "D")]
    assert prisma(upsert, ["e@f", "E", "F", "e@f"])[0][1:] == ("e@f", "E")
    delete = f'DELETE FROM "public"."t" WHERE ("public"."t"."id" = $1 AND 1=1) {returning}'
    assert prisma(delete, [1]) == [(1, "a@b", "D")]


def test_find_many(prisma):
    prisma('INSERT INTO "public"."t" ("email","name") VALUES ($1,$2), ($3,$4)', ["a@b", "A", "c@d", "C"])
    statement = (
        'SELECT "public"."t"."id", "public"."t"."email" FROM "public"."t" WHERE "public"."t"."name" <> $1 '
        'ORDER BY "public"."t"."id" ASC LIMIT $2 OFFSET $3'
    )
    assert prisma(statement, ["A", 10, 0]) == [(2, "c@d")]
    count = 'SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."t"."id" FROM "public"."t" WHERE 1=1 OFFSET $1) AS "sub"'
    assert prisma(count, [0]) == [(2,)]
