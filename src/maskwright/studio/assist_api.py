"""What the server answers to clicks, and to who wants every object proposed."""

from typing import Any

from maskwright.studio import proposals, simple_tool, wire
from maskwright.studio.api import Call, Studio, pyramid_of, state_of
from maskwright.studio.assistants import Helper, NoAnswer
from maskwright.studio.known import known_on
from maskwright.studio.objects import NotPossible


def open_assistant(studio: Studio, call: Call) -> dict[str, Any]:
    helper = _helper(studio, call.of(wire.AssistBody).assistant)
    return {"assistant": helper and helper.name, "ready": helper is not None and helper.open(state_of(studio, call.id).path)}


def ask_assistant(studio: Studio, call: Call) -> dict[str, Any]:
    """Candidates by the assistant, or by the simple tool where it does not answer in time."""
    body, state = call.of(wire.ClicksBody), state_of(studio, call.id)
    helper, why = _helper(studio, body.assistant), "There is no assistant here."
    previous = None if body.previous is None else body.previous.value()
    if previous is not None and state.size_hw is not None:
        previous.spans(state.size_hw)  # so that what does not fit is refused here
    if helper is not None:
        question = {
            "clicks": [[x, y] for x, y, _ in body.clicks],
            "positive": [positive for _, _, positive in body.clicks],
            "box": body.box,
            "previous": None if previous is None else previous.to_json(),
        }
        try:
            return {"candidates": helper.mask(state.path, question), "fallback": False, "why": ""}
        except NoAnswer as error:
            why = str(error)
    found = simple_tool.candidates(pyramid_of(studio, call.id).levels[0], list(body.clicks), body.box_xyxy())
    return {"candidates": found, "fallback": True, "why": why}


def propose(studio: Studio, call: Call) -> dict[str, Any]:
    """Everything that the assistant finds on an image and nobody has decided on yet, as open proposals."""
    body, state = call.of(wire.ProposeBody), state_of(studio, call.id)
    helper = _helper(studio, body.assistant)
    if helper is None:
        raise NotPossible("There is no assistant here that could propose objects.")
    bodies = [wire.ProposalBody(**{**_without_area(one), "class_id": body.class_id}) for one in helper.propose(state.path)]
    found = [one.proposed() for one in bodies]
    if state.size_hw is not None:
        known = known_on(studio.store.database, call.id, state.size_hw)
        found = [one for one in found if not known.holds(one.mask)]
    return {"ids": proposals.add(studio.store.database, call.id, found, replace_open=True)}


def _without_area(candidate: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in candidate.items() if name != "area"}


def _helper(studio: Studio, name: str | None) -> Helper | None:
    helper = studio.helpers.get(name)
    if name is not None and helper is None:
        raise NotPossible(f"There is no assistant called '{name}' here.")
    return helper
