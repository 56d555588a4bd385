"""Wait for a descriptor that is not a socket."""

import asyncio


async def wait_until_readable(descriptor: int) -> None:
    """Return when *descriptor* is readable."""
    loop = asyncio.get_running_loop()
    event: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _once, event)
    try:
        await event
    finally:
        loop.remove_reader(descriptor)


def _once(event: asyncio.Future[None]) -> None:
    if not event.done():
        event.set_result(None)
