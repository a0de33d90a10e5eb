"""The page on targets: the program that it shows is one that works."""

import re
import stat

from contracts.target_contract import install, is_believed
from docs.generated import ROOT
from fakes.apple_side import AppleSide, a_keypair
from tokenward.crypto import parse_envelope
from tokenward.targets.command import Settings, build

PAGE = (ROOT / "docs" / "targets.md").read_text()


async def test_the_program_that_is_shown_installs_and_reads_back(tmp_path):
    """C3: documents say only what is so."""
    script = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0]
    program = tmp_path / "mdm-token"
    program.write_text(script.replace("${MDM_FOLDER:-/srv/mdm}", str(tmp_path)))
    program.chmod(stat.S_IRWXU)
    table = {"kind": "command", "command": [str(program), "put", "{service}"]}
    target = build(Settings.model_validate(table | {"read_back": [str(program), "show", "{service}"]}), service="main")
    before = await target.read_back.read_back()
    envelope = parse_envelope(AppleSide().download(a_keypair("command").certificate))

    receipt = await install(target, envelope)

    assert not before.present
    assert is_believed(before, await target.read_back.read_back(), envelope, receipt)
