"""Requests to the studio for the tests of its server, and what they are sent to."""

import uuid

from maskwright.studio import api
from maskwright.studio.assistants import Helpers
from maskwright.studio.keeper import Keeper
from maskwright.studio.pictures import Pictures
from maskwright.studio.store import Store
from some_edits import mask

TOKEN = "a-token-of-tests"
HOME = "http://127.0.0.1:8765"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


def studio_of(store: Store) -> api.Studio:
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    return api.Studio(store, pictures, Helpers((), None, store.max_pixels), Keeper(store), 1 << 20)


def sent(base: int, *changes: dict, **values) -> dict:
    return {"edit_id": str(uuid.uuid4()), "base_revision": base, "changes": list(changes), **values}


def drawn(name: str, *boxes, **values) -> dict:
    return {"object": name, "set": {"class_id": 1}, "add": mask(*boxes).to_json(), **values}
