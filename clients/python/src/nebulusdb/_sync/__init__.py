"""The blocking client. The files that say so are generated from those for asyncio by tools/unasync.py."""
