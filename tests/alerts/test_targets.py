"""Where a webhook may be sent: nasty spellings, addresses that are not public, and names whose addresses change."""

from __future__ import annotations

import httpcore2
import pytest

from alerts.channels.guarded_network import GuardedNetwork
from alerts.channels.targets import BadTarget, Rules, not_public
from tests.alerts.far_ends import LOOPBACK, http_far_end
from tests.alerts.networks import Loopback, Names

RULES = Rules.read(["intranet.example", "127.0.0.2:8080", "[::1]"])


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://police.example/", "must start with https://"),
        ("ftp://police.example/", "is not https://"),
        ("//police.example/", "is not https://"),
        ("https:/police.example/", "is not https://"),
        ("https://", "the host is not a name"),
        ("https:///hook", "the host is not a name"),
        ("javascript:alert(1)", "is not https://"),
        ("file:///etc/passwd", "is not https://"),
        ("gopher://127.0.0.1:70/_x", "is not https://"),
        ("https://user@police.example/", "names a user"),
        ("https://user:word@police.example/", "names a user"),
        ("https://police.example@127.0.0.1/", "names a user"),
        ("https://127.0.0.1\\@police.example/", "backslash"),
        ("https://police.example\\.evil.example/", "backslash"),
        ("https://police.example#@127.0.0.1/", "fragment"),
        ("https://police.example/#part", "fragment"),
        ("https://police.example:8443/", "port 8443 is not one of WEBHOOK_PORTS"),
        ("https://police.example:22/", "port 22"),
        ("https://police.example:0/", "1 to 65535"),
        ("https://police.example:65536/", "1 to 65535"),
        ("https://police.example:443:80/", "is not https://"),
        ("https://police.example:+443/", "is not https://"),
        ("https://police.example:４４３/", "not ASCII"),
        ("https://127.0.0.1/", "loopback"),
        ("https://127.1/", "is a number"),
        ("https://127.0.1/", "is a number"),
        ("https://2130706433/", "is a number"),
        ("https://0x7f000001/", "is a number"),
        ("https://0x7F.0.0.1/", "is a number"),
        ("https://0x7f.0x0.0x0.0x1/", "is a number"),
        ("https://017700000001/", "is a number"),
        ("https://0177.0.0.1/", "is a number"),
        ("https://127.0.0.01/", "is a number"),
        ("https://127.0.0.1.0x/", "is a number"),
        ("https://1.2.3.4.5/", "is a number"),
        ("https://256.1.1.1/", "is a number"),
        ("https://0/", "is a number"),
        ("https://0.0.0.0/", "this network"),
        ("https://127.0.0.1./", "ends in a dot"),
        ("https://localhost./", "ends in a dot"),
        ("https://police.example./", "ends in a dot"),
        ("https://localhost/", "without a domain"),
        ("https://LOCALHOST/", "without a domain"),
        ("https://db.localhost/", "this machine's own"),
        ("https://metadata/", "without a domain"),
        ("https://intranet/", "without a domain"),
        ("https://169.254.169.254/latest/meta-data/", "metadata"),
        ("https://168.63.129.16/", "a cloud's own service"),
        ("https://100.100.100.200/", "shared by a carrier"),
        ("https://10.1.2.3/", "private"),
        ("https://172.31.255.255/", "private"),
        ("https://192.168.0.1/", "private"),
        ("https://224.0.0.1/", "multicast"),
        ("https://255.255.255.255/", "reserved"),
        ("https://[::]/", "IPv4 address in another form"),
        ("https://[::1]/", "loopback"),
        ("https://[0:0:0:0:0:0:0:1]/", "loopback"),
        ("https://[::ffff:127.0.0.1]/", "IPv4 address in another form"),
        ("https://[::ffff:7f00:1]/", "IPv4 address in another form"),
        ("https://[::ffff:1.1.1.1]/", "IPv4 address in another form"),
        ("https://[::127.0.0.1]/", "IPv4 address in another form"),
        ("https://[64:ff9b::127.0.0.1]/", "NAT64"),
        ("https://[64:ff9b::a00:1]/", "NAT64"),
        ("https://[64:ff9b:1::1]/", "NAT64"),
        ("https://[2002:7f00:1::]/", "6to4"),
        ("https://[2001:0:1::]/", "for protocols"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[fe80::1%25eth0]/", "link-local"),
        ("https://[2606:4700::1%25lo]/", "link-local"),
        ("https://[fc00::1]/", "unique local"),
        ("https://[fd00:ec2::254]/", "unique local"),
        ("https://[fec0::1]/", "site-local"),
        ("https://[ff02::1]/", "multicast"),
        ("https://[5f00::1]/", "not in 2000::/3"),
        ("https://[::1/", "is not https://"),
        ("https://[localhost]/", "is not an IPv6 address"),
        ("https://::1/", "is not https://"),
        ("https://polıce.example/", "not ASCII"),
        ("https://münchen.example/", "not ASCII"),
        ("https://ｌocalhost/", "not ASCII"),
        ("https://police。example/", "not ASCII"),
        ("https://①②⑦.⓪.⓪.①/", "not ASCII"),
        ("https://loc\u00adalhost.example/", "not ASCII"),
        ("https://%6c%6f%63alhost/", "the host is not a name"),
        ("https://police%00.example/", "the host is not a name"),
        ("https://police..example/", "the host is not a name"),
        ("https://-police.example/", "the host is not a name"),
        ("https://*.example/", "the host is not a name"),
        ("https://pol ice.example/", "a space"),
        ("https://police.example/\r\nHost: x", "control character"),
        ("https://police\t.example/", "control character"),
        (" https://police.example/", "a space"),
        ("https://police.example/" + "x" * 2_000, "more than 2000"),
        ("https://" + "a" * 64 + ".example/", "the host is not a name"),
        ("https://127.0.0.2:8081/", "port 8081"),
    ],
)
def test_a_target_that_may_not_be_is_refused_with_the_cause(url: str, cause: str) -> None:
    rules = Rules.read(["127.0.0.2:8080"])
    with pytest.raises(BadTarget, match=cause.replace("(", r"\(")):
        rules.check(url)


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("https://police.example", "https://police.example:443/"),
        ("HTTPS://Police.Example:443/Hook?a=B", "https://police.example:443/Hook?a=B"),
        ("https://xn--mnchen-3ya.example/x", "https://xn--mnchen-3ya.example:443/x"),
        ("https://1.1.1.1/", "https://1.1.1.1:443/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]:443/"),
        ("https://police.example?a", "https://police.example:443/?a"),
        ("http://intranet.example/", "http://intranet.example:80/"),
        ("http://Intranet.Example:8081/", "http://intranet.example:8081/"),
        ("http://127.0.0.2:8080/", "http://127.0.0.2:8080/"),
        ("http://[0:0::1]:9000/", "http://[0:0::1]:9000/"),
    ],
)
def test_a_target_that_may_be(url: str, sent_to: str) -> None:
    assert RULES.check(url).url == sent_to


def test_ports_are_a_setting() -> None:
    assert Rules.read([], [443, 8443]).check("https://police.example:8443/").port == 8443


@pytest.mark.parametrize(
    "bad", ["", "https://x.example", "x.example:0", "x y", "user@x.example", "[::1", "x:y", "é.example"]
)
def test_an_allowed_host_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(BadTarget):
        Rules.read([bad])


@pytest.mark.parametrize("address", ["1.1.1.1", "9.255.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00::1"])
def test_public_addresses(address: str) -> None:
    assert not_public(address) is None


def test_what_is_no_address_is_not_public() -> None:
    assert not_public("police.example") == "not an address"


async def test_a_name_is_looked_up_once_and_that_address_is_connected_to() -> None:
    names = Names(["93.184.215.14"], [LOOPBACK])
    async with http_far_end() as far_end:
        loopback = Loopback(far_end.port)
        network = GuardedNetwork(Rules(), names, loopback)
        await (await network.connect_tcp("police.example", 443, 5)).aclose()
        assert loopback.connected == [("93.184.215.14", 443)]
        assert names.asked == ["police.example"]
        with pytest.raises(BadTarget, match=r"police.example has an address that is not public \(loopback\)"):
            await network.connect_tcp("police.example", 443, 5)
        assert len(loopback.connected) == 1


@pytest.mark.parametrize("bad", ["127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "64:ff9b::a9fe:a9fe", "0.0.0.0"])
@pytest.mark.parametrize("place", [0, 1])
async def test_one_address_that_is_not_public_refuses_the_host(bad: str, place: int) -> None:
    answers = ["93.184.215.14"]
    answers.insert(place, bad)
    loopback = Loopback(1)
    with pytest.raises(BadTarget, match=r"police\.example has an address that is not public"):
        await GuardedNetwork(Rules(), Names(answers), loopback).connect_tcp("police.example", 443, 5)
    assert loopback.connected == []


async def test_a_host_allowed_by_name_may_be_inside() -> None:
    async with http_far_end() as far_end:
        loopback = Loopback(far_end.port)
        network = GuardedNetwork(RULES, Names(["10.0.0.7"]), loopback)
        await (await network.connect_tcp("intranet.example", 80, 5)).aclose()
        assert loopback.connected == [("10.0.0.7", 80)]


async def test_addresses_are_tried_in_turn_and_not_without_end() -> None:
    async with http_far_end() as far_end:
        loopback = Loopback(far_end.port, ["1.1.1.1"])
        network = GuardedNetwork(Rules(), Names(["1.1.1.1", "1.0.0.1"]), loopback)
        await (await network.connect_tcp("police.example", 443, 5)).aclose()
        assert [address for address, _ in loopback.connected] == ["1.1.1.1", "1.0.0.1"]
    many = [f"1.1.1.{n}" for n in range(1, 20)]
    loopback = Loopback(1, many)
    with pytest.raises(httpcore2.ConnectError):
        await GuardedNetwork(Rules(), Names(many), loopback).connect_tcp("police.example", 443, 5)
    assert len(loopback.connected) == 4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::1]", "2130706433"])
async def test_the_system_resolver_knows_more_spellings_and_all_of_them_are_checked(host: str) -> None:
    """The last line of defence, for a spelling that the reading of a URL would let through."""
    network = GuardedNetwork(Rules())
    with pytest.raises((BadTarget, httpcore2.ConnectError)):
        await network.connect_tcp(host, 443, 5)
    network.close()
