"""Where we are, whom we trust, and how feeds are pushed."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds import WebSubSettings
from feeds.kit.destinations import Reach
from notifier.configuration import load
from tests.notifier.configuration.builders import read, settings, told, write


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://example.org/news", "https://example.org/news"),
        ("https://example.org/news/", "https://example.org/news"),
        ("http://example.org:8080/", "http://example.org:8080"),
    ],
)
def test_the_public_address_may_have_a_path(tmp_path: Path, written: str, url: str) -> None:
    text = f"version: 1\nsite: {{name: Courier, url: '{written}'}}\nstore: sqlite:///news.db\n"
    found = load(write(tmp_path, {"a.yaml": text}), {}).settings_or_raise()
    assert found.site.url == url


@pytest.mark.parametrize(
    ("written", "proxies"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("[10.0.0.0/8, '::1', 'fd00::/8']", ("10.0.0.0/8", "::1", "fd00::/8")),
        ("[]", ()),
    ],
)
def test_proxies_are_trusted_by_address(
    tmp_path: Path, written: str, proxies: tuple[str, ...]
) -> None:
    found = settings(tmp_path, x=f"web: {{trusted_proxies: {written}}}")
    assert found.trusted_proxies == proxies


def test_our_own_hub_is_offered_unless_it_is_switched_off(tmp_path: Path) -> None:
    assert settings(tmp_path).websub == WebSubSettings()
    assert settings(tmp_path, x="websub: true").websub == WebSubSettings()
    assert settings(tmp_path, x="websub: false").websub == WebSubSettings(hub=False)


def test_hubs_of_others_are_told_instead(tmp_path: Path) -> None:
    hub, other = "https://hub.example.org/", "http://push.example.org/hub?x=1"
    found = settings(tmp_path, x=f"hubs: [{hub}, {other}]", y=f"hubs: {hub}")
    assert found.hubs == found.websub.hubs == (hub, other)
    assert not found.websub.own_hub


def test_the_hub_is_what_is_declared(tmp_path: Path) -> None:
    text = """
websub:
  allow: [Callbacks.internal, 10.0.0.0/8, "::1"]
  lease: 2d
  shortest_lease: 1m
  longest_lease: 3d
  timeout: 2.5
  connections: 5
"""
    assert settings(tmp_path, x=text).websub == WebSubSettings(
        reach=Reach.allowing(["callbacks.internal", "10.0.0.0/8", "::1"]),
        lease=172_800,
        shortest_lease=60,
        longest_lease=259_200,
        patience=2.5,
        pushes=5,
    )


def test_the_usual_lease_gives_way_to_the_longest(tmp_path: Path) -> None:
    assert settings(tmp_path, x="websub: {longest_lease: 1d}").websub.lease == 86_400
    assert told(read(tmp_path, x="websub: {shortest_lease: 31d}")) == [
        "x.yaml:1:26: `shortest_lease` is longer than `longest_lease`"
    ]


def test_a_hub_out_of_the_environment_is_not_shown(tmp_path: Path) -> None:
    loaded = read(tmp_path, x="hubs: ['${HUB}']", environ={"HUB": "https://me:geheim@hub.example"})
    assert told(loaded) == ["x.yaml:1:8: what `${HUB}` stands for is not the address of a hub"]
    assert "geheim" not in str(loaded)
