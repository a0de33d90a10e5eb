"""Why a command did not do what it was asked: three lines for a person, and an exit code for scripts."""

from tokenward.cli.exit_codes import Exit, exit_of
from tokenward.model.finding import TokenwardError


class Failed(Exception):
    """A command ends here. Its text has the shape of a finding, with a number where the daemon gave one."""

    def __init__(self, code: Exit, happened: str, means: str, do: str, number: str = "") -> None:
        """Say what *happened*, what that *means* and what to *do*; end the program with *code*."""
        super().__init__(happened)
        self.code = code
        self.happened = happened
        self.means = means
        self.do = do
        self.number = number

    @classmethod
    def of(cls, error: TokenwardError) -> "Failed":
        """Return *error*, which some other room raised, as the end of a command."""
        finding = error.finding
        return cls(exit_of(error), finding.happened, finding.means, finding.do, finding.code.number)

    def text(self) -> str:
        """Return the three lines, the first one with its number where there is one."""
        head = f"{self.number} {self.happened}" if self.number else self.happened
        return f"{head}\n  Means  {self.means}\n  Do     {self.do}\n"
