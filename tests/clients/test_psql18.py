"""psql 18's `\\d` and its sisters, by the statements it sends (`psql -E` shows them), recorded in `psql18.sql`."""

from pathlib import Path

import pytest

COMMANDS: dict[str, list[str]] = {}
for block in Path(__file__).with_name("psql18.sql").read_text().split("-- \\")[1:]:
    command, _, rest = block.partition("\n")
    COMMANDS["\\" + command] = [statement.strip() for statement in rest.split(";\n") if statement.strip()]


@pytest.fixture
def described(connection, table_name):
    connection.execute(
        f"CREATE TABLE {table_name} (id int PRIMARY KEY, a text NOT NULL DEFAULT 'x', v int UNIQUE, e vector(3))"
    )
    connection.execute(f"CREATE INDEX {table_name}_a ON {table_name} (a)")
    return table_name


def run(connection, command, name):
    """The answers to a command's statements; the first finds the OID that the others ask of."""
    answers = []
    oid = None
    for statement in COMMANDS[command]:
        answers.append(connection.execute(statement.replace("{name}", name).replace("{oid}", str(oid))).fetchall())
        if oid is None and "{name}" in statement and "c.oid" in statement:
            oid = answers[0][0][0]
    return answers


@pytest.mark.parametrize("command", ["\\d TABLE", "\\d+ TABLE"])
def test_a_table_is_described(connection, described, command):
    (relation,), (_,), columns, indexes, *rest = run(connection, command, described)
    assert relation[1:] == ("public", described)
    assert [(row[0], row[1], row[3]) for row in columns] == [
        ("id", "integer", True),
        ("a", "text", True),
        ("v", "integer", False),
        ("e", "vector(3)", False),
    ]
    assert columns[1][2].startswith("'x'")
    shown = [(row[0], row[1], row[2]) for row in indexes]
    assert shown == [
        (f"{described}_pkey", True, True),
        (f"{described}_a", False, False),
        (f"{described}_v_key", False, True),
    ]


def test_an_index_is_described(connection, described):
    _, _, columns, (index,) = run(connection, "\\d INDEX", f"{described}_a")
    assert [(row[0], row[1], row[2]) for row in columns] == [("a", "text", "yes")]
    assert (index[0], index[8], index[9]) == (False, "btree", described)


def test_extensions_are_listed(connection):
    (extensions,) = run(connection, "\\dx", "")
    assert "vector" in [row[0] for row in extensions]


@pytest.mark.parametrize("command", ["\\dt+", "\\di+", "\\dn+"])
def test_relations_and_schemas_are_listed(connection, described, command):
    rows = run(connection, command, described)[0]
    assert any(described in row or "public" in row for row in rows)


def test_functions_are_listed(connection):
    (functions,) = run(connection, "\\df NAME", "version")
    assert [row[1:4] for row in functions] == [("version", "text", "")]
