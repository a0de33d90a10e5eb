"""Looking around in a NanoDEP server, before anything is configured."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from fakes.stand_in import KIM
from fakes.web import NOWHERE, serving
from targets.nanodep_scene import API_KEY, NanoDepCase
from tokenward.crypto import parse_envelope
from tokenward.model.finding import NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.targets.nanodep import DepServer, Server

VALUES = {
    "consumer_key": "CK_s3cret",
    "consumer_secret": "CS_s3cret",
    "access_token": "AT_s3cret",
    "access_secret": "AS_s3cret",
    "access_token_expiry": "2027-11-24T09:00:00Z",
}


def a_server(url: str, key: str = "key", dep_name: str | None = None) -> DepServer:
    """Return what looks around at *url*."""
    table = {"kind": "nanodep", "url": url, "api_key": API_KEY, "timeout": "5s", "dep_name": dep_name}
    return DepServer(Server.model_validate(table), Secret(key))


def listing(answer) -> Starlette:
    """Return a server that answers the question for its names by *answer*, and has a token under every name."""

    async def names(request: Request):
        return answer(request)

    async def token(_: Request):
        return JSONResponse(VALUES)

    async def apple(_: Request):
        return PlainTextResponse("", 502)

    async def never(_: Request):
        raise AssertionError("a fetch makes another key, and whatever is under way is lost")

    return Starlette(
        routes=[
            Route("/v1/dep_names", names),
            Route("/v1/tokens/{name}", token),
            Route("/v1/tokenpki/{name}", never),
            Route("/proxy/{name}/account", apple),
        ]
    )


async def found_names(answer, dep_name: str | None = None) -> list[str]:
    """Return what is found where the question for names is answered by *answer*."""
    async with serving(listing(answer)) as url:
        return [one.title for one in await a_server(url, dep_name=dep_name).find_all()]


async def test_every_name_is_shown_with_its_token_and_whose_it_is(stand_in):
    """B1.5: what a draft is made of; asking changes nothing there, and makes no key."""
    case, empty = NanoDepCase(stand_in), NanoDepCase(stand_in)
    await case.install(await case.envelope())
    await empty.nanodep.fetch_certificate("staged-only")
    service = await case.register()

    found = {one.title: one for one in await a_server(stand_in.nanodep, stand_in.api_key).find_all()}

    linked = found[case.name]
    assert linked.settings == {"dep_name": case.name}
    assert (linked.holding.present, linked.holding.downloader) == (True, KIM)
    assert linked.holding.expires_at is not None
    assert (linked.organisation, linked.service_name) == ("Example Corporation", case.name)
    assert not found[empty.name].holding.present
    assert "CS_" not in repr(found)
    assert case.target.finder is not None
    assert case.name in {one.title for one in await case.target.finder.find_all()}
    await case.install(parse_envelope(stand_in.download_token(service)))


async def test_names_come_page_by_page():
    """Source: NanoDEP's API description: a hundred at once, from an offset on."""
    everything = [f"name-{number}" for number in range(230)]

    def answer(request: Request):
        offset, limit = (int(request.query_params[word]) for word in ("offset", "limit"))
        return JSONResponse({"dep_names": everything[offset : offset + limit] or None})

    assert await found_names(answer) == everything


async def test_a_server_that_knows_no_pages_is_not_asked_for_ever():
    """Promise 5: the same hundred again and again end the asking."""
    everything = [f"name-{number}" for number in range(150)]
    assert await found_names(lambda _: JSONResponse({"dep_names": everything})) == everything


async def test_no_names_are_none():
    """As recorded: null, not an empty list."""
    assert await found_names(lambda _: JSONResponse({"dep_names": None})) == []


@pytest.mark.parametrize("status", [404, 500])
async def test_a_server_that_lists_no_names_says_how_to_go_on(status):
    """Older servers answer 404, and a storage may have no list: one name can be looked at all the same."""
    with pytest.raises(NeedsOperator) as raised:
        await found_names(lambda _: PlainTextResponse("oops", status))
    assert "--set dep_name=" in raised.value.finding.do

    assert await found_names(lambda _: PlainTextResponse("oops", status), dep_name="main") == ["main"]


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"names": []}),
        JSONResponse({"dep_names": "main"}),
        PlainTextResponse("oops"),
        JSONResponse({}, 503),
    ],
    ids=["another key", "another type", "no JSON", "away"],
)
async def test_an_answer_that_lists_nothing_is_no_empty_list(answer):
    """B10.2: what can't be read says nothing."""
    with pytest.raises(Retryable) as raised:
        await found_names(lambda _: answer)
    assert "oops" not in raised.value.finding.text()


async def test_a_wrong_key_and_a_server_that_is_away_are_told_apart(stand_in):
    """B4.1: who acts next."""
    with pytest.raises(NeedsOperator):
        await a_server(stand_in.nanodep, "wrong").find_all()
    with pytest.raises(Retryable):
        await a_server(NOWHERE).find_all()


async def test_a_name_that_no_configuration_could_have_is_left_out():
    """A draft with it would be refused."""
    assert await found_names(lambda _: JSONResponse({"dep_names": ["a/b", "", "main"]})) == ["main"]
