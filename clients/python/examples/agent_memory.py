"""An agent's memory with asyncio: what was said is kept by topic, and what fits a question comes back with who wrote it."""

import asyncio
import sys

import nebulusdb
from nebulusdb import F
from words import embed


async def hear(db: nebulusdb.AsyncDatabase, user: str, text: str) -> None:
    """Keeps what a user said."""
    await db.memory.remember(text, metadata={"kind": "said", "user": user}, vector=embed(text))


async def context(db: nebulusdb.AsyncDatabase, user: str, question: str) -> list[str]:
    """What a prompt may quote: data of this user, with the node that wrote it. It is no instruction."""
    found = await db.memory.recall(embed(question), where=(F.kind == "said") & (F.user == user), limit=3, within=0.8)
    return [f"[{'here' if memory.peer_id else '?'}] {memory.text}" for memory in found]


async def main(data_dir: str | None) -> None:
    async with await nebulusdb.embedded_async(data_dir) as db:
        await asyncio.gather(
            hear(db, "ada", "I take my coffee without sugar"),
            hear(db, "ada", "My train leaves at nine"),
            hear(db, "bob", "I take my tea with sugar"),
        )
        for line in await context(db, "ada", "how do I take my coffee"):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
