"""Two network namespaces that are connected."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.probes.test_runner import namespace


@dataclass(frozen=True, slots=True)
class Cable:
    """Its ends are called v0: *here* is 192.0.2.1 and 2001:db8::1, *there* .2 and ::2."""

    here: str
    there: str

    def ip(self, netns: str, *words: str) -> str:
        command = ["ip", "-n", netns, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def mac(self, netns: str) -> str:
        words = self.ip(netns, "-br", "link", "show", "v0").split()
        return words[2]


@asynccontextmanager
async def cable() -> AsyncIterator[Cable]:
    with namespace() as here, namespace() as there:
        made = Cable(here, there)
        made.ip(here, *["link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns"], there)
        for netns, number in ((here, 1), (there, 2)):
            made.ip(netns, "addr", "add", f"192.0.2.{number}/24", "dev", "v0")
            made.ip(netns, "addr", "add", f"2001:db8::{number}/64", "dev", "v0", "nodad")
            made.ip(netns, "link", "set", "v0", "up")
        for _ in range(200):
            if "NO-CARRIER" not in made.ip(here, "link", "show", "v0"):
                break
            await asyncio.sleep(0.01)
        yield made
