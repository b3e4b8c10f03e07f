"""Boxes, RoIAlign and a whole Mask R-CNN as torchvision computes them, by formula. See README.md.

Needs torchvision's compiled operators, so a build of torch that they load beside.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from detection_cases import (
    CLASSES,
    NETWORK_HW,
    NMS_THRESHOLDS,
    NUMBERS,
    ROI_CASES,
    ROI_MAPS,
    coded_boxes,
    network_targets,
    nms_boxes,
    pasted,
    roi_boxes,
)
from fill import fill, image, sample
from torch import Tensor, nn
from torchvision.models.detection import maskrcnn_resnet50_fpn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import batched_nms, nms, roi_align

FOLDER = Path(__file__).parent

# Standard deviations that the outputs of layers are scaled to: drawn by formula they give boxes far outside the image, all of
# one class.
SPREADS = (("rpn.head.cls_logits", 2.0), ("rpn.head.bbox_pred", 0.3))
SPREADS += (("roi_heads.box_predictor.cls_score", 1.5), ("roi_heads.box_predictor.bbox_pred", 1.0))
SPREADS += (("roi_heads.mask_predictor.mask_fcn_logits", 2.0),)


def keep_parts() -> None:
    """RoIAlign and its gradient, NMS, codes, anchors and pasted masks."""
    kept: dict[str, np.ndarray] = {}
    boxes, images = roi_boxes()
    rois = torch.from_numpy(np.concatenate([images[:, None], boxes], axis=1).astype(np.float32))
    for number, (size_hw, scale, ratio, aligned) in enumerate(ROI_CASES):
        maps = torch.from_numpy(image(*ROI_MAPS)).requires_grad_()
        output = roi_align(maps, rois, size_hw, scale, ratio, aligned)
        (output * torch.cos(torch.arange(output.numel()).float()).view_as(output)).sum().backward()
        kept |= {f"roi_{number}": sample(output.detach().numpy()), f"roi_gradient_{number}": sample(maps.grad.numpy())}
    for count, ties in ((300, True), (1500, False)):
        numbers, scores, groups = map(torch.from_numpy, nms_boxes(count, ties=ties))
        for threshold in NMS_THRESHOLDS:
            kept[f"nms_{count}_{threshold}"] = nms(numbers, scores, threshold).numpy().astype(np.int16)
            kept[f"batched_{count}_{threshold}"] = batched_nms(numbers, scores, groups, threshold).numpy().astype(np.int16)
    truth, references, codes = map(torch.from_numpy, coded_boxes())
    coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
    kept |= {"encoded": coder.encode_single(truth, references), "decoded": coder.decode_single(codes, references)}
    generator = AnchorGenerator(((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5)
    maps = [torch.zeros(1, 1, 128 // stride, 192 // stride) for stride in (4, 8, 16, 32, 64)]
    kept["anchors"] = sample(generator(ImageList(torch.zeros(1, 3, 128, 192), [(128, 192)]), maps)[0].numpy())
    masks, boxes, size_hw = pasted()
    whole = paste_masks_in_image(torch.from_numpy(masks)[:, None], torch.from_numpy(boxes), size_hw)
    kept["pasted"] = whole.numpy()[:, 0, ::2, ::2]
    np.savez_compressed(FOLDER / "detection-parts.npz", **{name: np.asarray(value) for name, value in kept.items()})


def scale_layer(network: nn.Module, name: str, spread: float, run: Callable[[], object]) -> tuple[float, list[float]]:
    """Scale a layer and shift it so that each of its channels has about mean 0 and standard deviation `spread`; the numbers."""
    layer, outputs = network.get_submodule(name), []
    hook = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output.transpose(0, 1).flatten(1)))
    with torch.no_grad():
        run()
        hook.remove()
        values = torch.cat(outputs, dim=1)
        factor = float(f"{spread / values.std(dim=1).mean().item():.1g}")
        layer.weight *= factor
        layer.bias.copy_((factor * (layer.bias - values.mean(dim=1))).mul(100).round() / 100)
    return factor, layer.bias.tolist()


def keep_network() -> None:
    """Proposals, detections and losses of torchvision's Mask R-CNN."""
    network = maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=CLASSES,
        rpn_pre_nms_top_n_train=NUMBERS["pre_nms"],
        rpn_pre_nms_top_n_test=NUMBERS["pre_nms"],
        rpn_post_nms_top_n_train=NUMBERS["post_nms"],
        rpn_post_nms_top_n_test=NUMBERS["post_nms"],
        rpn_batch_size_per_image=NUMBERS["sampled"],
        box_batch_size_per_image=NUMBERS["sampled"],
        box_detections_per_img=NUMBERS["detections"],
    ).eval()
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    network.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in fill(shapes).items()})
    images = ImageList(torch.from_numpy(image(1, 3, *NETWORK_HW)), [NETWORK_HW])
    with torch.no_grad():
        features = network.backbone(images.tensors)

    def run() -> tuple[Tensor, dict[str, Tensor]]:
        proposals, _ = network.rpn(images, features)
        detections, _ = network.roi_heads(features, proposals, [NETWORK_HW])
        return proposals[0], detections[0]

    scaled = {name: scale_layer(network, name, spread, run) for name, spread in SPREADS}
    with torch.no_grad():
        proposals, found = run()
        boxes, class_ids, masks = map(torch.from_numpy, network_targets())
        targets = [{"boxes": boxes, "labels": class_ids, "masks": masks.to(torch.uint8)}]
        network.rpn.train()
        network.roi_heads.train()
        trained, losses = network.rpn(images, features, targets)
        losses |= network.roi_heads(features, trained, [NETWORK_HW], targets)[1]
    print(scaled, len(proposals), found["labels"], found["scores"], found["boxes"][:5], losses)
    np.savez_compressed(
        FOLDER / "mask-rcnn.npz",
        shapes=json.dumps(shapes),
        scaled=json.dumps(scaled),
        finest=sample(features["0"].numpy()),
        coarsest=sample(features["pool"].numpy()),
        proposals=proposals.numpy(),
        boxes=found["boxes"].numpy(),
        class_ids=found["labels"].numpy(),
        scores=found["scores"].numpy(),
        masks=found["masks"].numpy()[:, 0, ::3, ::3],
        losses=json.dumps({name: float(value) for name, value in losses.items()}),
    )


if __name__ == "__main__":
    keep_parts()
    keep_network()
