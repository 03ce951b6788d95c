"""The client for asyncio. The blocking one beside it is generated from these files by tools/unasync.py."""
