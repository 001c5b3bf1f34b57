"""Echoes messages, and closes with 4001 when it is told to. Argument: the port."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        if message == "close":
            return await connection.close(4001, "as asked")
        await connection.send(message)


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), reuse_port=True, max_size=None, subprotocols=["chat"]):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
