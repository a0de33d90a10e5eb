"""The five values of a token, as products show them that show their secrets: hash them, and keep nothing else."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tokenward.model.instant import parse_instant
from tokenward.model.secret import Secret
from tokenward.model.token import ServerToken

NO_DATE: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What Go makes of a date that was missing."""


def _dated(value: str) -> str:
    parse_instant(value)
    return value


_Hidden = Annotated[str, Field(min_length=1, repr=False)]


class TokenValues(BaseModel):
    """One token in an answer, under the names that Apple gives the values inside an envelope."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    consumer_key: _Hidden
    consumer_secret: _Hidden
    access_token: _Hidden
    access_secret: _Hidden
    access_token_expiry: Annotated[str, AfterValidator(_dated)]

    @property
    def token(self) -> ServerToken:
        """The token itself, whose secrets show themselves to nobody by accident."""
        return ServerToken(
            Secret(self.consumer_key),
            Secret(self.consumer_secret),
            Secret(self.access_token),
            Secret(self.access_secret),
            parse_instant(self.access_token_expiry),
        )

    @property
    def expires_at(self) -> datetime | None:
        """When it ends; None where no date was there."""
        at = self.token.expires_at
        return None if at == NO_DATE else at
