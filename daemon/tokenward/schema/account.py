"""Managed Apple Accounts, written like addresses of mail."""

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.schema.fault import Fault, quote

_FORM: Final = re.compile(r"[^@\s\0]{1,128}@[^@\s\0]{1,253}")


def parse_account(value: object) -> str:
    """Return *value* if it has the form of a Managed Apple Account.

    Raises:
        Fault: It has not.
    """
    if not isinstance(value, str) or not _FORM.fullmatch(value):
        raise Fault(f"{quote(value)} is no Managed Apple Account", 'an address, such as "kim@corp.example"')
    return value


Account = Annotated[str, PlainValidator(parse_account)]
