"""Talks to an echo through a proxy. Arguments: the URL, and with TLS the file of the root to trust."""

import asyncio
import os
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def talk(url):
    trust = ssl.create_default_context(cafile=sys.argv[2]) if url.startswith("wss:") else None
    async with connect(url, ssl=trust, subprotocols=["chat"], max_size=None, proxy=None) as connection:
        assert connection.subprotocol == "chat", connection.subprotocol
        for message in ["", "text", "ä" * 1000, b"", b"\x00\xff" * 1000, os.urandom(3_000_000)]:
            await connection.send(message)
            assert await connection.recv() == message
        # A message in pieces, and many at once without waiting.
        await connection.send(["in ", "three ", "pieces"])
        assert await connection.recv() == "in three pieces"
        for number in range(500):
            await connection.send(str(number))
        for number in range(500):
            assert await connection.recv() == str(number)
        await (await connection.ping())
        await connection.send("close")
        try:
            await connection.recv()
            raise AssertionError("it does not close")
        except ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4001, "as asked"), closed


async def main():
    await asyncio.gather(*(talk(sys.argv[1]) for _ in range(8)))
    print("ok")


asyncio.run(main())
