"""Statements as trees that can be printed and made smaller.

A node has a kind (the SQL type of an expression, or a name such as `where`), a template with `@` for each child, and
children. `smaller` lists what a node may be replaced by, so that a statement on which two servers differ can be shrunk
without knowing anything of SQL: a child of the same kind in place of its parent, a constant in place of an expression,
nothing in place of an optional clause.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

# What stands in for an expression of a type, smallest first. The text is the same for both servers.
ATOMS = {
    "bool": ["NULL::bool", "true", "false"],
    "int4": ["NULL::int4", "1", "0"],
    "int8": ["NULL::int8", "1::int8"],
    "float4": ["NULL::float4", "1::float4"],
    "float8": ["NULL::float8", "1::float8", "'NaN'::float8", "'-0'::float8"],
    "numeric": ["NULL::numeric", "1.00"],
    "text": ["NULL::text", "'a'"],
    "date": ["NULL::date", "'2024-02-29'::date"],
    "jsonb": ["NULL::jsonb", "'1'::jsonb"],
    "vector": ["NULL::vector", "'[1,0]'::vector"],
}

# OIDs of the types that literals may be sent as parameters of.
OIDS = {"bool": 16, "int4": 23, "int8": 20, "float4": 700, "float8": 701, "numeric": 1700, "text": 25, "date": 1082}


@dataclass(frozen=True)
class Node:
    """One piece of a statement. `value` is set for literals alone: what a parameter in their place would be."""

    kind: str
    template: str
    children: tuple["Node", ...] = ()
    optional: bool = False
    value: str | None = None
    is_literal: bool = field(default=False)

    def text(self) -> str:
        return self._printed(None)

    def with_parameters(self) -> tuple[str, list[tuple[int, str | None]]]:
        """The statement with `$n` for its literals, and the parameters: type and text each."""
        parameters: list[tuple[int, str | None]] = []
        return self._printed(parameters), parameters

    def _printed(self, parameters: list | None) -> str:
        if self.is_literal and parameters is not None and self.kind in OIDS:
            parameters.append((OIDS[self.kind], self.value))
            return f"${len(parameters)}"
        pieces = self.template.split("@")
        printed = pieces[0]
        for child, piece in zip(self.children, pieces[1:], strict=True):
            printed += child._printed(parameters) + piece
        return printed

    def size(self) -> int:
        return 1 + sum(child.size() for child in self.children)


NOTHING = Node("nothing", "")


def atom(kind: str, text: str) -> Node:
    return Node(kind, text)


def literal(kind: str, text: str, value: str | None) -> Node:
    """A constant; `value` is its text as a parameter, None for NULL."""
    return Node(kind, text, value=value, is_literal=True)


def optional(kind: str, template: str, *children: Node) -> Node:
    """A clause that may be left out."""
    return Node(kind, template, children, optional=True)


def descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from descendants(child)


def smaller(node: Node) -> Iterator[Node]:
    """Every tree that is this one with one place made smaller, the boldest first."""
    if node.optional:
        yield NOTHING
    if node.kind in ATOMS:
        for text in ATOMS[node.kind]:
            if node.size() > 1 or (not node.is_literal and text < node.template and text != node.template):
                yield atom(node.kind, text)
        for below in descendants(node):
            if below.kind == node.kind:
                yield below
    elif node.kind == "items" and len(node.children) > 1:
        for index in range(len(node.children)):
            rest = node.children[:index] + node.children[index + 1 :]
            yield Node("items", ", ".join(["@"] * len(rest)), rest)
    for index, child in enumerate(node.children):
        for replacement in smaller(child):
            children = node.children[:index] + (replacement,) + node.children[index + 1 :]
            yield Node(node.kind, node.template, children, node.optional, node.value, node.is_literal)
