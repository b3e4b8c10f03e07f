"""Recipes by name, and as JSON that a person can edit; a scene of one by seed and number."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from maskwright.base.errors import DataError, did_you_mean
from maskwright.base.files import read_json
from maskwright.base.rng import stream
from maskwright.synth.cells import Cells
from maskwright.synth.copy_paste import CopyPaste
from maskwright.synth.membranes import Membranes
from maskwright.synth.parts import Parts
from maskwright.synth.scene import Scene
from maskwright.synth.shapes import Shapes
from maskwright.synth.street import Street
from maskwright.synth.tissue import Tissue

Drawn = Cells | Membranes | Tissue | Street | Parts | Shapes
Recipe = Annotated[Drawn | CopyPaste, Field(discriminator="kind")]

# What can be drawn of nothing but chance, by name.
RECIPES: dict[str, Drawn] = {
    "cells": Cells(),
    "membranes": Membranes(),
    "tissue": Tissue(),
    "street": Street(),
    "parts": Parts(),
    "shapes": Shapes(),
}
COPY_PASTE = "copy-paste"  # needs objects to paste, and is no recipe on its own

_RECIPE: TypeAdapter[Drawn | CopyPaste] = TypeAdapter(Recipe)


def draw(recipe: Drawn, seed: int, index: int) -> Scene:
    """The scene of that number, which depends on nothing else: any one can be drawn alone, in any order, on any machine."""
    return recipe.draw(stream(seed, "synth", recipe.kind, index))


def recipe_named(name: str) -> Drawn | CopyPaste:
    """A recipe by its name, or from the JSON file of that path. Raises `DataError` where it is neither."""
    if name == COPY_PASTE:
        return CopyPaste()
    if name in RECIPES:
        return RECIPES[name]
    if name.lower().endswith(".json") or Path(name).is_file():
        return read_recipe(Path(name))
    raise DataError(
        f"'{name}' is no recipe. {did_you_mean(name, (*RECIPES, COPY_PASTE))} "
        "A recipe of your own is a JSON file; 'maskwright synth cells --print' shows one to edit."
    )


def read_recipe(path: Path) -> Drawn | CopyPaste:
    """The recipe in a JSON file. Raises `DataError` naming the number, what was seen and what it may be."""
    return from_json(read_json(path), source=str(path))


def to_json(recipe: Drawn | CopyPaste) -> dict[str, Any]:
    """A JSON value that `from_json` reads back."""
    value: dict[str, Any] = json.loads(_RECIPE.dump_json(recipe))
    return value


def from_json(value: Any, *, source: str = "recipe.json") -> Drawn | CopyPaste:
    """A recipe from its JSON value; numbers that are left out are those of the recipe of that kind.

    The recipe.json that lies beside drawn images is taken too. Raises `DataError` on unknown names and impossible numbers.
    """
    if isinstance(value, dict) and isinstance(value.get("recipe"), dict):
        value = value["recipe"]
    kinds = {**RECIPES, COPY_PASTE: CopyPaste()}
    if not isinstance(value, dict) or value.get("kind") not in kinds:
        seen = value.get("kind") if isinstance(value, dict) else type(value).__name__
        raise DataError(f'{source}: a recipe says of which "kind" it is, one of {", ".join(kinds)}; here it is {seen!r}.')
    known = [field.name for field in dataclasses.fields(kinds[value["kind"]])]
    for name in value:
        if name not in known:
            raise DataError(f"{source}: a recipe of the kind '{value['kind']}' has no '{name}'. {did_you_mean(name, known)}")
    try:
        return _RECIPE.validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the whole"
        raise DataError(f"{source}: '{place}' is {first.get('input')!r:.80}: {first['msg']}.") from error
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
