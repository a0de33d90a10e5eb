"""The common shapes of Apple's Business and School Manager APIs: resources, pages, sparse fields, errors, instants.

Source: jsonapi.org version 1.0; Apple, "ErrorResponse" and "PagingInformation" in the Apple Business API.
"""

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tokenward.simulator.answers import Answer, Jsonable

USUAL_LIMIT: Final = 100
LARGEST_LIMIT: Final = 1000
_TYPE: Final = "application/json"
_CURSOR: Final = "after:"


@dataclass(frozen=True, slots=True)
class ApiRefused(Exception):
    """The API says no: one error object."""

    status: int
    code: str
    detail: str
    source: Mapping[str, str] | None = None  # {"parameter": ...} or {"pointer": ...}

    def answer(self) -> Answer:
        """Return the error as it is sent; its status is a string there."""
        error: dict[str, Jsonable] = {
            "id": str(uuid.uuid4()),
            "status": str(self.status),
            "code": self.code,
            "title": HTTPStatus(self.status).phrase,
            "detail": self.detail,
        }
        if self.source is not None:
            error["source"] = dict(self.source)
        return document(self.status, {"errors": [error]})


def document(status: int, value: Jsonable) -> Answer:
    """Return *value* as the body of an answer."""
    return replace(Answer.json(status, value), content_type=_TYPE)


def missing_parameter(name: str) -> ApiRefused:
    """Return the refusal of a request that lacks a parameter."""
    detail = f"The parameter '{name}' is required."
    return ApiRefused(400, "PARAMETER_ERROR.REQUIRED", detail, {"parameter": name})


def bad_parameter(name: str, detail: str) -> ApiRefused:
    """Return the refusal of a parameter's value."""
    return ApiRefused(400, "PARAMETER_ERROR.INVALID", detail, {"parameter": name})


def unknown(kind: str, key: str) -> ApiRefused:
    """Return the refusal of an id that nothing has."""
    return ApiRefused(404, "NOT_FOUND", f"There is no resource of type '{kind}' with id '{key}'.")


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing with all that could be said about it."""

    type: str
    id: str
    attributes: Mapping[str, Jsonable]
    relationships: Sequence[str] = ()

    def shown(self, base: str, fields: Sequence[str] | None) -> Jsonable:
        """Return the resource with the wanted attributes, all of them for None; links absolute under *base*."""
        wanted = self.attributes if fields is None else fields
        own = f"{base}/{self.type}/{self.id}"
        shown: dict[str, Jsonable] = {
            "type": self.type,
            "id": self.id,
            "attributes": {name: value for name, value in self.attributes.items() if name in wanted},
            "links": {"self": own},
        }
        if self.relationships:
            shown["relationships"] = {
                name: {"links": {"self": f"{own}/relationships/{name}"}} for name in self.relationships
            }
        return shown


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource: its attributes, and those that are given to who names none."""

    type: str
    attributes: tuple[str, ...]
    usual: tuple[str, ...] | None = None  # None: all

    def fields(self, query: QueryParams) -> Sequence[str] | None:
        """Return which attributes ``fields[type]`` asks for.

        Raises:
            ApiRefused: One of them does not exist.
        """
        name = f"fields[{self.type}]"
        asked = query.get(name)
        if asked is None:
            return self.usual
        wanted = [part.strip() for part in asked.split(",") if part.strip()]
        for field in wanted:
            if field not in self.attributes:
                raise bad_parameter(name, f"'{field}' is not a field of '{self.type}'.")
        return wanted


def single(resource: Resource, base: str, fields: Sequence[str] | None, status: int = 200) -> Answer:
    """Return one resource as a document."""
    links: dict[str, Jsonable] = {"self": f"{base}/{resource.type}/{resource.id}"}
    return document(status, {"data": resource.shown(base, fields), "links": links})


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is asked for: by which address, with which parameters, and how much one page holds at most."""

    base: str
    query: QueryParams
    largest: int
    counted: bool = True  # whether the answer says how many there are in all

    def page(self, kind: Kind, resources: Sequence[Resource]) -> Answer:
        """Return the page that was asked for; the last one has neither cursor nor next link.

        Raises:
            ApiRefused: Limit, cursor or fields are not usable.
        """
        fields = kind.fields(self.query)
        limit = self._limit()
        start = _start(self.query.get("cursor"), resources)
        shown = resources[start : start + limit]
        paging: dict[str, Jsonable] = {"limit": limit}
        links: dict[str, Jsonable] = {"self": self._address(kind)}
        if self.counted:
            paging["total"] = len(resources)
        if start + limit < len(resources):
            cursor = base64.urlsafe_b64encode(f"{_CURSOR}{shown[-1].id}".encode()).decode()
            paging["nextCursor"] = cursor
            links["next"] = self._address(kind, cursor=cursor)
        data = [resource.shown(self.base, fields) for resource in shown]
        return document(200, {"data": data, "links": links, "meta": {"paging": paging}})

    def _limit(self) -> int:
        asked = self.query.get("limit", str(USUAL_LIMIT))
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= LARGEST_LIMIT):
            raise bad_parameter("limit", f"The limit is a number from 1 to {LARGEST_LIMIT}.")
        return min(int(asked), self.largest)

    def _address(self, kind: Kind, **changes: str) -> str:
        parameters = urlencode({**dict(self.query), **changes})
        return f"{self.base}/{kind.type}?{parameters}" if parameters else f"{self.base}/{kind.type}"


def _start(cursor: str | None, resources: Sequence[Resource]) -> int:
    """Return where the page behind *cursor* begins."""
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, ValueError) as error:
        raise bad_parameter("cursor", "The cursor is not valid.") from error
    last = text.removeprefix(_CURSOR)
    for index, resource in enumerate(resources):
        if text.startswith(_CURSOR) and resource.id == last:
            return index + 1
    raise bad_parameter("cursor", "The cursor is not valid.")


def instant(at: datetime | None, *, milliseconds: bool) -> str | None:
    """Return an instant as Apple writes it, with or without milliseconds."""
    if at is None:
        return None
    digits = f".{at.microsecond // 1000:03d}" if milliseconds else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{digits}Z"
