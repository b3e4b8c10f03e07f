"""What the server answers about learning."""

from typing import Any

from maskwright.studio import wire
from maskwright.studio.api import Call, Studio
from maskwright.studio.learning import Learner
from maskwright.studio.objects import NotPossible


def learning(studio: Studio, call: Call) -> dict[str, Any]:
    """How far learning is, and its settings."""
    return _learner(studio).state()


def change_learning(studio: Studio, call: Call) -> dict[str, Any]:
    """Settings, and what is to be done now: settings first."""
    body, learner = call.of(wire.LearningBody), _learner(studio)
    values = {name: value for name, value in body.model_dump().items() if value is not None and name != "do"}
    if values:
        learner.set(**values)
    match body.do:
        case "start":
            learner.begin()
        case "stop":
            learner.halt()
        case "pause" | "resume":
            learner.pause(body.do == "pause")
        case None:
            pass
    return learner.state()


def learning_curve(studio: Studio, call: Call) -> dict[str, Any]:
    """Scores against labelled images, and whether more labels have stopped helping."""
    return _learner(studio).curve()


def _learner(studio: Studio) -> Learner:
    if studio.learner is None:
        raise NotPossible("This server does not learn.")
    return studio.learner
