"""pgvector-python with both drivers: `register_vector`, numpy arrays in and out, every operator, indexes."""

import asyncpg
import numpy
import pgvector.asyncpg
import pgvector.psycopg
import psycopg
import pytest

OPERATORS = [
    ("<->", lambda a, b: float(numpy.linalg.norm(a - b))),
    ("<#>", lambda a, b: float(-(a @ b))),
    ("<=>", lambda a, b: float(1 - (a @ b) / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))),
    ("<+>", lambda a, b: float(numpy.abs(a - b).sum())),
]


def text(vector: numpy.ndarray) -> str:
    return "[" + ",".join(str(component) for component in vector.tolist()) + "]"


@pytest.fixture
def vectors(connection):
    """The connection with pgvector's types registered."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    pgvector.psycopg.register_vector(connection)
    return connection


def test_the_first_example_of_pgvector(connection, table_name):
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute(f"CREATE TABLE {table_name} (id bigserial PRIMARY KEY, embedding vector(3))")
    connection.execute(f"INSERT INTO {table_name} (embedding) VALUES ('[1,2,3]'), ('[4,5,6]')")
    rows = connection.execute(f"SELECT * FROM {table_name} ORDER BY embedding <-> '[3,1,2]' LIMIT 5").fetchall()
    assert rows == [(1, "[1,2,3]"), (2, "[4,5,6]")]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_numpy_in_and_out(vectors, table_name, binary):
    vectors.execute(f"CREATE TABLE {table_name} (id bigserial PRIMARY KEY, embedding vector(3))")
    embedding = numpy.array([1.5, -2.25, 3e-8], dtype=numpy.float32)
    placeholder = "%b" if binary else "%t"
    vectors.execute(f"INSERT INTO {table_name} (embedding) VALUES ({placeholder}), (NULL)", [embedding])
    with vectors.cursor(binary=binary) as cursor:
        rows = cursor.execute(f"SELECT embedding FROM {table_name} ORDER BY id").fetchall()
    got = rows[0][0]
    got = got if isinstance(got, numpy.ndarray) else got.to_numpy()
    assert got.dtype == numpy.float32
    assert numpy.array_equal(got, embedding)
    assert rows[1][0] is None


@pytest.mark.parametrize(("operator", "distance"), OPERATORS, ids=[operator for operator, _ in OPERATORS])
def test_operators(vectors, table_name, operator, distance):
    generator = numpy.random.default_rng(7)
    data = generator.standard_normal((50, 8)).astype(numpy.float32)
    query = generator.standard_normal(8).astype(numpy.float32)
    vectors.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, embedding vector(8))")
    with vectors.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table_name} VALUES (%s, %s)", list(enumerate(data)))
    rows = vectors.execute(
        f"SELECT id, embedding {operator} %s AS distance FROM {table_name} ORDER BY embedding {operator} %s LIMIT 5",
        (query, query),
    ).fetchall()
    exact = sorted((distance(row.astype(float), query.astype(float)), number) for number, row in enumerate(data))[:5]
    assert [number for number, _ in rows] == [number for _, number in exact]
    assert [value for _, value in rows] == pytest.approx([value for value, _ in exact], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("operator_class", ["vector_l2_ops", "vector_ip_ops", "vector_cosine_ops", "vector_l1_ops"])
def test_indexes(vectors, table_name, operator_class):
    operator = {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"}[operator_class.split("_")[1]]
    generator = numpy.random.default_rng(11)
    data = generator.standard_normal((500, 16)).astype(numpy.float32)
    vectors.execute(f"CREATE TABLE {table_name} (id int8 PRIMARY KEY, kind text, embedding vector(16))")
    with vectors.cursor() as cursor:
        rows = [(number, "even" if number % 2 == 0 else "odd", row) for number, row in enumerate(data)]
        cursor.executemany(f"INSERT INTO {table_name} VALUES (%s, %s, %s)", rows)
    nearest = f"SELECT id FROM {table_name} WHERE kind = 'odd' ORDER BY embedding {operator} %s LIMIT 10"
    exact = [vectors.execute(nearest, (query,)).fetchall() for query in data[:20]]
    vectors.execute(
        f"CREATE INDEX {table_name}_i ON {table_name} USING hnsw (embedding {operator_class}) "
        "WITH (m = 16, ef_construction = 64)"
    )
    vectors.execute("SET hnsw.ef_search = 200")
    found = [vectors.execute(nearest, (query,)).fetchall() for query in data[:20]]
    hits = sum(len(set(a) & set(b)) for a, b in zip(exact, found))
    assert hits >= 0.95 * 200, f"recall {hits / 200}"


def test_functions(vectors):
    a = numpy.array([1, 2, 3], dtype=numpy.float32)
    row = vectors.execute(
        "SELECT l2_distance(%(a)s, %(b)s), cosine_distance(%(a)s, %(b)s), inner_product(%(a)s, %(b)s), "
        "l1_distance(%(a)s, %(b)s), vector_dims(%(a)s), vector_norm(%(a)s)",
        {"a": pgvector.Vector(a), "b": pgvector.Vector([4, 5, 6])},
    ).fetchone()
    assert row == pytest.approx((27**0.5, 0.0253681538, 32.0, 9.0, 3, 14**0.5), rel=1e-6)


@pytest.mark.parametrize(
    ("literal", "sqlstate"),
    [("[1,2]", "22000"), ("[1,NaN,3]", "22000"), ("[1,Infinity,3]", "22000"), ("[1,2,3", "22P02"), ("", "22P02")],
)
def test_bad_vectors_are_refused(vectors, table_name, literal, sqlstate):
    vectors.execute(f"CREATE TABLE {table_name} (id bigserial PRIMARY KEY, embedding vector(3))")
    with pytest.raises(psycopg.Error) as caught:
        vectors.execute(f"INSERT INTO {table_name} (embedding) VALUES (%s::vector)", (literal,))
    assert caught.value.sqlstate == sqlstate
    assert vectors.execute(f"SELECT count(*) FROM {table_name}").fetchone() == (0,)


def test_asyncpg(server, run, table_name):
    async def scenario():
        connection = await asyncpg.connect(server.url, timeout=10, command_timeout=20)
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            await pgvector.asyncpg.register_vector(connection)
            await connection.execute(f"CREATE TABLE {table_name} (id bigserial PRIMARY KEY, embedding vector(3))")
            data = [numpy.array(row, dtype=numpy.float32) for row in ([1, 1, 1], [2, 2, 2], [1, 1, 2])]
            for row in data:
                await connection.execute(f"INSERT INTO {table_name} (embedding) VALUES ($1)", row)
            await connection.execute(f"INSERT INTO {table_name} (embedding) VALUES (NULL)")
            rows = await connection.fetch(
                f"SELECT id, embedding FROM {table_name} WHERE embedding IS NOT NULL ORDER BY embedding <-> $1 LIMIT 2",
                numpy.array([1, 1, 1], dtype=numpy.float32),
            )
            return [(row["id"], row["embedding"]) for row in rows]
        finally:
            await connection.close()

    rows = run(scenario())
    assert [number for number, _ in rows] == [1, 3]
    got = [value if isinstance(value, numpy.ndarray) else value.to_numpy() for _, value in rows]
    assert [vector.tolist() for vector in got] == [[1, 1, 1], [1, 1, 2]]


def test_get_memory_reads_a_table_with_vectors(vectors):
    embedding = numpy.array([0.6, 0.8, 0.0, 0.0], dtype=numpy.float32)
    with vectors.transaction(force_rollback=True):
        vectors.execute("CREATE TABLE pgvector_notes (id text PRIMARY KEY, title text, embedding vector(4))")
        vectors.execute("INSERT INTO pgvector_notes VALUES (%s, %s, %s)", ("a", "first", embedding))
        found = vectors.execute(f'GET MEMORY FIELDS id IN pgvector_notes SIMILAR TO {text(embedding)} LIMIT 1')
        assert found.fetchone()[0] == "a"
