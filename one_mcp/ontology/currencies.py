"""Currencies: codes as they are kept and compared, whatever the case they were written in.

A field is one by its name: `currency`, of a type's shape or of the caller's own, at any depth.
"""

import re

from one_mcp.jsons import JsonObject, JsonValue

FIELD = "currency"
NONE = "no currency"  # how answers call that of an amount which names none
UNIT = "of `currency`"  # of a declared number that is money
PIECES = "pieces"  # of one that counts things, whatever currency their price beside it is in
_ISO_4217 = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
    BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP
    GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND
    TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
    ZWG
"""
CODES = frozenset(re.findall(r"[A-Z]{3}", _ISO_4217))


def is_field(path: str) -> bool:
    """Tell whether a field, by its dotted name, holds a currency."""
    return path.rpartition(".")[2] == FIELD


def beside(path: str) -> str:
    """Name the currency that an amount is in, which stands beside it."""
    return f"{path.rpartition('.')[0]}.{FIELD}".removeprefix(".")


def kept(value: JsonValue) -> JsonValue:
    """Return a currency as it is stored: a code of ISO 4217 in capitals, a token's as it came."""
    code = value.strip().upper() if isinstance(value, str) and value.isascii() else ""
    return code if code in CODES else value


def is_code(value: JsonValue) -> bool:
    return isinstance(value, str) and value in CODES


def paid(value: JsonValue) -> str | None:
    """Return a code of ISO 4217 as payments have it, in small letters; None for anything else."""
    code = kept(value)
    return code.lower() if isinstance(code, str) and code in CODES else None


def folded(fields: JsonObject) -> JsonObject:
    """Return fields with a currency as it is stored now; older ones were kept as they came."""
    return fields if FIELD not in fields else {**fields, FIELD: kept(fields[FIELD])}
