"""Making a plan: the rules decide what the data ask for, a short measurement what the time permits."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from maskwright.base.errors import PlanError
from maskwright.data.dataset import DataSet
from maskwright.data.fingerprint import Fingerprint, fingerprint
from maskwright.losses import LossTerm
from maskwright.models import EncoderUNetConfig, MaskRCNNConfig, Model, PanopticFPNConfig, UNetConfig
from maskwright.nn.device import pick_device, pick_precision
from maskwright.plan import detection_rules, map_rules, panoptic_rules, rules
from maskwright.plan.budget import Cost, measure
from maskwright.plan.objective import encode
from maskwright.plan.plan import Decision, Plan, TaskName, change
from maskwright.plan.start import Start
from maskwright.sampling.samples import PreparedSamples

WIDTHS = (8, 16, 32, 64)  # of the finest resolution, tried from the narrowest up; processors multiply in blocks of 16
ENOUGH_STEPS = 800  # with fewer, a narrower network that takes more of them ends better
LEAST_GROWTH = 1.5  # of the time of a step when the width doubles: where that is too much already, none is timed
VALIDATIONS = 10
VALIDATION_SHARE = 0.1  # of the budget, at most
OVERHEAD = 0.04  # of the budget: checkpoints, journal, the first slow steps
TILE = 1024  # pixels a side: larger ones gain nothing, and their memory stays below a gigabyte
OVERLAP = 128  # pixels
MOST_TILED = 4  # times larger tiles of images that the network is shown shrunk


def plan(
    train: DataSet,
    val: DataSet | None = None,
    *,
    budget_minutes: float = 10.0,
    seed: int = 0,
    device: str = "auto",
    task: TaskName | None = None,
    model: str | None = None,
    encoder: str | None = None,
    encoder_weights: str | None = None,
    start_from: Path | str | None = None,
    changes: dict[str, str] | None = None,
) -> Plan:
    """Plan a training of so many minutes on this machine.

    `task` is "semantic" (None, too), "instance" or "panoptic".
    `model` is a name in `maskwright.models.MODELS`, `encoder` one in `maskwright.nn.encoders.ENCODERS`, `encoder_weights`
    "imagenet", "none", a file or hf:OWNER/REPO/FILE; None leaves the choice to the rules. `start_from` is the folder of a run
    whose weights are where training begins, and whose network it is. `changes` are set by hand and win over the rules.

    A few steps are timed on the data themselves; the number of steps is then fixed, so that a resumed run is the same run.
    Raises `PlanError` on a change to an unknown field or one that cannot be, and where the memory does not suffice, and
    `WeightsError` where weights cannot be had or are of another network.
    """
    if not budget_minutes > 0:
        raise PlanError(f"The budget is {budget_minutes} minutes; it must be above 0, such as --budget 10min.")
    changes = changes or {}
    start = None if start_from is None else Start.of(start_from)
    task = task or ("semantic" if start is None else start.plan.task)
    train = train.for_task(task)
    found = fingerprint(train)
    if start is not None:
        asked = any(each is not None for each in (model, encoder, encoder_weights))
        start.require_fit(task=task, channels=found.channels, classes=len(train.classes), asked=asked)
    way, why_so = _way(found, task) if model is None and start is None else (None, "")
    finds_boxes = way in ("mask-rcnn", "panoptic-fpn")
    wants_maps = task != "semantic" and not finds_boxes
    if start is not None:
        network, why, maps = start.plan.model, "", None
    else:
        maps = map_rules.architecture(found, model, encoder, enlarges=task == "instance") if wants_maps else None
        network, why = maps or rules.architecture(found, way if finds_boxes else model, encoder)
    network = panoptic_rules.network(network, train.classes) if task == "panoptic" else network
    why = why_so if finds_boxes and encoder is None else why
    weights = rules.encoder_weights(network, encoder_weights)
    shrunk: tuple[int, rules.Choice | None] = (1, None)
    if start is not None:
        shrunk = start.shrunk
    elif not isinstance(network, MaskRCNNConfig | PanopticFPNConfig):
        shrunk = _shrunk(found, train.classes.background, task, changes.get("shrink", ""))
    draft = _draft(found, train, task, network, weights, budget_minutes, seed, device, why_so, shrunk)
    if isinstance(network, MaskRCNNConfig | PanopticFPNConfig):
        draft, numbers = _for_detection(draft, found, network)
        why = f"{why} {numbers}"
    if (maps is not None or start is not None) and wants_maps and isinstance(network, EncoderUNetConfig):
        draft = _for_maps(draft, network)
    if task == "panoptic":
        draft = _for_panoptic(draft, found, network)
    if not isinstance(network, UNetConfig):
        draft = _decided(draft, "network", rules.network(network, draft.encoder_weights, why))
    draft = change(draft if start is None else start.begun(draft), changes)
    samples = PreparedSamples(train, draft.normalization, partial(encode, draft), shrink=draft.shrink)
    if start is not None or not isinstance(draft.model, UNetConfig) or "model.widths" in changes:
        return change(_fit(draft, measure(draft, samples, device=device), val), changes)
    chosen: Plan | None = None
    for width in WIDTHS:
        config, (value, reason) = rules.unet(draft.crop_hw, width, draft.model, draft.shrink)
        candidate = _decided(draft, "network", (value, f"{why} {reason}"), model=config)
        fitted = _fit(candidate, measure(candidate, samples, device=device), val)
        if chosen is not None and fitted.steps < ENOUGH_STEPS:
            break
        chosen = fitted
        if fitted.steps < ENOUGH_STEPS * LEAST_GROWTH:
            break
    assert chosen is not None  # there is at least one width
    return change(chosen, changes)


def _shrunk(found: Fingerprint, background: int | None, task: TaskName, by_hand: str) -> tuple[int, rules.Choice | None]:
    """How many times smaller a network that draws maps is shown images, which crops and tiles follow, and why."""
    if by_hand.isdecimal() and int(by_hand) >= 1:
        return int(by_hand), None
    return (1, None) if task == "panoptic" else rules.shrink(found, background, objects=task == "instance")


def _way(found: Fingerprint, task: TaskName) -> tuple[str | None, str]:
    """The better way to objects or segments, "unet" for maps, and why; None where the task has but one."""
    match task:
        case "instance":
            return detection_rules.way(found)
        case "panoptic":
            return panoptic_rules.way(found)
        case "semantic":
            return None, ""


def _draft(
    found: Fingerprint,
    train: DataSet,
    task: TaskName,
    model: Model,
    weights: str | None,
    budget_minutes: float,
    seed: int,
    device: str,
    why_so: str,
    shrunk: tuple[int, rules.Choice | None],
) -> Plan:
    """All that does not depend on time."""
    factor, shrink_choice = shrunk
    background = train.classes.background
    normalization, normalization_choice = rules.normalization(
        found, encoder=getattr(model, "encoder", None), encoder_weights=weights
    )
    crop_hw, crop_choice = rules.crop(found, factor)
    loss, class_weights, loss_choice = rules.loss(found, background)
    share, share_choice = rules.foreground_share(found, background)
    augmentation, augmentation_choice = rules.augmentation(found)
    optimizer, optimizer_choice = rules.optimizer(weights)
    tile = TILE * min(factor, MOST_TILED)
    where = pick_device(device)
    precision = pick_precision(where)
    choices = {
        "task": panoptic_rules.task(train.classes, model, why_so)
        if task == "panoptic"
        else rules.task(task, train.classes, background, model, why_so),
        "normalization": normalization_choice,
        **({"shrink": shrink_choice} if shrink_choice is not None else {}),
        "crop": crop_choice,
        "loss": loss_choice,
        "sampling": share_choice,
        "optimizer": optimizer_choice,
        "augmentation": augmentation_choice,
        "precision": rules.precision(precision, where.type),
    }
    return Plan(
        task=task,
        classes=train.classes,
        background=background,
        channels=found.channels,
        model=rules.unet(crop_hw, WIDTHS[0], model)[0] if isinstance(model, UNetConfig) else model,
        encoder_weights=weights,
        normalization=normalization,
        shrink=factor,
        crop_hw=crop_hw,
        batch=rules.BATCH,
        foreground_share=share,
        augmentation=augmentation,
        loss=loss,
        class_weights=class_weights,
        optimizer=optimizer,
        steps=1,
        validate_every=1,
        precision=precision,
        tile_hw=(tile, tile),
        tile_overlap=OVERLAP * factor,
        seed=seed,
        budget_minutes=budget_minutes,
        decisions=tuple(Decision(name=name, value=value, why=why) for name, (value, why) in choices.items()),
    )


def _for_maps(draft: Plan, model: EncoderUNetConfig) -> Plan:
    """The draft with what a U-Net on an encoder wants otherwise where it draws maps of objects."""
    if draft.encoder_weights is not None:
        optimizer, optimizer_choice = map_rules.optimizer()
        draft = _decided(draft, "optimizer", optimizer_choice, optimizer=optimizer)
    if model.enlarge == 1:
        return draft
    crop_hw, crop_choice = map_rules.crop(draft.crop_hw, model)
    draft = _decided(draft, "crop", crop_choice, crop_hw=crop_hw)
    side, overlap = TILE // model.enlarge, OVERLAP // model.enlarge
    tile_choice = (f"{side} pixels, {overlap} shared", f"{TILE} pixels as the encoder sees it, which bound the memory.")
    return _decided(draft, "tiles", tile_choice, tile_hw=(side, side), tile_overlap=overlap)


def _for_panoptic(draft: Plan, found: Fingerprint, model: Model) -> Plan:
    """The draft with what things in maps want otherwise: a higher rate, and tiles that hold them whole."""
    if isinstance(model, PanopticFPNConfig):
        return draft
    optimizer, optimizer_choice = panoptic_rules.optimizer(draft.encoder_weights)
    side, overlap, tile_choice = detection_rules.tiles(found)
    draft = _decided(draft, "loss", panoptic_rules.loss(draft.loss), class_weights=None)
    draft = _decided(draft, "optimizer", optimizer_choice, optimizer=optimizer)
    return _decided(draft, "tiles", tile_choice, tile_hw=(side, side), tile_overlap=overlap)


def _for_detection(draft: Plan, found: Fingerprint, model: MaskRCNNConfig | PanopticFPNConfig) -> tuple[Plan, str]:
    """The draft with what a Mask R-CNN wants otherwise, alone or in a Panoptic FPN, and why it has its numbers."""
    like = model.detector if isinstance(model, PanopticFPNConfig) else model
    detector, numbers = detection_rules.network(found, like, draft.encoder_weights)
    config = replace(model, detector=detector) if isinstance(model, PanopticFPNConfig) else detector
    crop_hw, crop_choice = detection_rules.crop(found)
    side, overlap, tile_choice = detection_rules.tiles(found)
    optimizer, optimizer_choice = detection_rules.optimizer(draft.encoder_weights)
    changed = detection_rules.augmentation(found)
    draft = _decided(draft, "crop", crop_choice, model=config, crop_hw=crop_hw, batch=detection_rules.BATCH)
    draft = _decided(draft, "loss", detection_rules.loss(model), loss=(LossTerm(name="cross-entropy"),), class_weights=None)
    draft = _decided(draft, "optimizer", optimizer_choice, optimizer=optimizer)
    draft = _decided(draft, "tiles", tile_choice, tile_hw=(side, side), tile_overlap=overlap)
    if changed is not None:
        draft = _decided(draft, "augmentation", changed[1], augmentation=changed[0])
    return draft, numbers


def _fit(draft: Plan, cost: Cost, val: DataSet | None) -> Plan:
    """The draft with as many steps as its budget permits at this cost."""
    seconds = draft.budget_minutes * 60
    image_seconds = 0.0 if not val else cost.megapixel_seconds * _megapixels(val) / len(val)
    images = 0 if not val else min(len(val), max(4, int(VALIDATION_SHARE * seconds / 2 / max(image_seconds, 1e-6))))
    once = image_seconds * images
    validations = max(2, min(VALIDATIONS, int(VALIDATION_SHARE * seconds / max(once, 1e-6))))
    steps = max(1, int((seconds * (1 - OVERHEAD) - validations * once) / cost.step_seconds))
    value = f"{steps} steps of {draft.batch} crops, {validations} validations"
    why = (
        f"{_duration(seconds)} at {cost.step_seconds:.2f} s a step, as timed here, and {once:.1f} s a validation. "
        f"Training takes about {cost.memory_gb:.1f} GB."
    )
    return _decided(
        draft, "steps", (value, why),
        steps=steps,
        validate_every=max(1, -(-steps // validations)),
        validation_images=images if val and images < len(val) else None,
    )  # fmt: skip


def _decided(draft: Plan, name: str, choice: rules.Choice, **values: object) -> Plan:
    """The draft with values set and the decision noted, in the place of one of that name."""
    decision = Decision(name=name, value=choice[0], why=choice[1])
    known = [each.name for each in draft.decisions]
    if name in known:
        place = known.index(name)
        decisions = (*draft.decisions[:place], decision, *draft.decisions[place + 1 :])
    else:
        decisions = (*draft.decisions, decision)
    return replace(draft, decisions=decisions, **values)  # type: ignore[arg-type]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:g} min"


def _megapixels(data: DataSet) -> float:
    """Pixels of all records, by their windows or their files' headers."""
    return sum(height * width for height, width in (data.size_hw(i) for i in range(len(data)))) / 1e6
