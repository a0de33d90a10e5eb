"""A page of kim's, over a core that asks her."""

import pytest

from web.handover.page_scene import Scene


@pytest.fixture
async def scene(tmp_path):
    """Give a core that asks kim."""
    scene = Scene(tmp_path)
    await scene.asked()
    yield scene
    await scene.stage.ledger.close()
