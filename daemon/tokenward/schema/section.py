"""A table of the configuration: frozen, with no key that is not declared."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Parent of every table's class. A key that is not a field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
