"""Addresses: which of them are on the public internet, by IANA's registries.

`ipaddress.is_global` answers by what its version of Python knew: 3.11 takes 3fff::/20 and
5f00::/16 for public. Where a registry says neither yes nor no (6to4, Teredo), the answer is no.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# https://www.iana.org/assignments/iana-ipv4-special-registry, as of 2025-10-09,
# with multicast, which has a registry of its own: "globally reachable" by block
_IPV4 = {
    "0.0.0.0/8": False,
    "10.0.0.0/8": False,
    "100.64.0.0/10": False,
    "127.0.0.0/8": False,
    "169.254.0.0/16": False,
    "172.16.0.0/12": False,
    "192.0.0.0/24": False,
    "192.0.0.9/32": True,
    "192.0.0.10/32": True,
    "192.0.2.0/24": False,
    "192.31.196.0/24": True,
    "192.52.193.0/24": True,
    "192.88.99.0/24": False,
    "192.168.0.0/16": False,
    "192.175.48.0/24": True,
    "198.18.0.0/15": False,
    "198.51.100.0/24": False,
    "203.0.113.0/24": False,
    "224.0.0.0/4": False,
    "240.0.0.0/4": False,
}
# https://www.iana.org/assignments/iana-ipv6-special-registry, as of 2025-10-09; of the rest of the
# address space only 2000::/3 is given out (https://www.iana.org/assignments/ipv6-address-space)
_IPV6 = {
    "::/0": False,
    "2000::/3": True,
    "2001::/23": False,
    "2001:1::1/128": True,
    "2001:1::2/128": True,
    "2001:1::3/128": True,
    "2001:3::/32": True,
    "2001:4:112::/48": True,
    "2001:20::/28": True,
    "2001:30::/28": True,
    "2001:db8::/32": False,
    "2002::/16": False,
    "2620:4f:8000::/48": True,
    "3fff::/20": False,
}
_NAT64 = IPv6Network("64:ff9b::/96")
# narrow blocks first: of those that hold an address, the narrowest says what it is
_IPV4_BLOCKS = sorted(
    ((IPv4Network(block), public) for block, public in _IPV4.items()),
    key=lambda each: -each[0].prefixlen,
)
_IPV6_BLOCKS = sorted(
    ((IPv6Network(block), public) for block, public in _IPV6.items()),
    key=lambda each: -each[0].prefixlen,
)


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet.

    One that stands for an IPv4 address, mapped or by NAT64, is what that one is.
    """
    if isinstance(address, IPv4Address):
        return next((public for block, public in _IPV4_BLOCKS if address in block), True)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return next(public for block, public in _IPV6_BLOCKS if address in block)
