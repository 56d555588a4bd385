"""docs/configuration.md agrees with the parser."""

import re
import tomllib
from pathlib import Path

import pytest

from pyvrrp.config.checks.check import EVERY_KIND, KINDS
from pyvrrp.config.files.load import load
from pyvrrp.config.parse import KEYS, parse
from pyvrrp.config.resources.hook import KEYS as HOOK_KEYS
from pyvrrp.config.resources.resource import KEYS as RESOURCE_KEYS
from pyvrrp.config.router.check_uses import USE_KEYS
from pyvrrp.config.router.policies import ANNOUNCE_KEYS, HOLD_DOWN_KEYS
from pyvrrp.config.router.virtual_router import KEYS as ROUTER_KEYS
from pyvrrp.config.values.sections import Key
from pyvrrp.errors import ConfigurationError

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|", re.MULTILINE)


def rows(heading: str) -> dict[str, str]:
    section = PAGE.split(f"\n{heading}\n", maxsplit=1)[1]
    return dict(ROW.findall(re.split(r"\n##+ ", section, maxsplit=1)[0]))


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("## The file", KEYS),
        ("## `[[virtual_router]]`", ROUTER_KEYS),
        ("### `checks`", USE_KEYS),
        ("### `announce`", ANNOUNCE_KEYS),
        ("### `hold_down`", HOLD_DOWN_KEYS),
        ("## `[resource.NAME]`", RESOURCE_KEYS),
        ("## `[hook.NAME]`", HOOK_KEYS),
        ("### Every check", EVERY_KIND),
        *((f"### `{kind.key.name}`", kind.keys) for kind in KINDS),
    ],
)
def test_the_tables_have_the_parsers_keys_and_defaults(
    heading: str, keys: tuple[Key[object], ...]
) -> None:
    documented = rows(heading)
    assert set(documented) == {key.name for key in keys}
    for key in keys:
        default = documented[key.name]
        if default.startswith("`"):
            written = tomllib.loads(f"default = {default.strip('`')}")["default"]
            assert written == key.default, key.name
        else:
            # The default is given in words: the key is required, or other keys decide it.
            assert (default == "required") == key.required, key.name
            assert key.required or key.default is None or key in {kind.key for kind in KINDS}


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_valid_configuration(example: str) -> None:
    parse(tomllib.loads(example), "docs", node=None, hostname="web1")


def test_the_parser_prints_the_errors_that_the_page_shows(tmp_path: Path) -> None:
    main = tmp_path / "pyvrrp.toml"
    main.write_text(
        '[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 300\nprioity = 5\n'
        'addresses = ["192.0.2.10/24"]\n'
    )
    (tmp_path / "pyvrrp.d").mkdir()
    (tmp_path / "pyvrrp.d" / "20-db.toml").write_text(
        '[check.db]\ntcp = "127.0.0.1:1"\ninterval = "fast"\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        load(main, hostname="web1")
    shown = PAGE.split("```text\n", maxsplit=1)[1].split("```", maxsplit=1)[0]
    made = str(caught.value).replace(str(tmp_path), "/etc/pyvrrp")
    assert sorted(made.splitlines()) == sorted(shown.splitlines())
