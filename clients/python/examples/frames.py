"""Frames into a collection and out of queries: pandas, Polars, Arrow. Needs nebulusdb[pandas,polars]."""

import sys

import nebulusdb
import polars
from nebulusdb import F
from words import DIMENSIONS, embed

TITLES = ["A Field Guide to Lies", "The Art of Memory", "Algorithms Unlocked", "Memory and Dreams"]
BOOKS = {
    "title": TITLES,
    "pages": [304, 400, 240, 180],
    "price": [18.0, 21.5, 30.0, None],
}


def main(data_dir: str | None) -> None:
    with nebulusdb.embedded(data_dir) as db:
        books = db.create_collection(
            "books", dimensions=DIMENSIONS, columns={"title": "text", "pages": "int8", "price": "float8"}
        )
        frame = polars.DataFrame(BOOKS)
        frame = frame.with_columns(vector=polars.Series([embed(title) for title in TITLES]))
        print(f"inserted {books.insert_frame(frame)}")
        nearest = books.nearest(embed("memory"), where=F.pages > 200, limit=2, columns=["title", "pages"])
        print(nearest.to_pandas()[["title", "pages"]].to_string(index=False))
        summary = db.sql("SELECT count(*) AS books, sum(pages) AS pages, max(price) AS dearest FROM books")
        print(summary.to_polars().row(0))
        print(books.find(order_by="-pages", columns=["title", "price"]).to_arrow().column("title").to_pylist()[0])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
