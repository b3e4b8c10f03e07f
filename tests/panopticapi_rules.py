"""Panoptic quality as panopticapi's `evaluation.py` computes it, written plainly from its rules, one segment after another."""

from collections import Counter

VOID = 0


def panoptic_quality(pairs, classes):
    """{'All', 'Things', 'Stuff' or class id: (PQ, SQ, RQ)} of pairs of panoptic maps, None where there is nothing to divide."""
    tp, fp, fn, iou = Counter(), Counter(), Counter(), Counter()
    for truth, prediction in pairs:
        count_image(truth, prediction, tp, fp, fn, iou)
    of_class = {}
    for class_id in range(len(classes)):
        if tp[class_id] + fp[class_id] + fn[class_id]:
            whole = tp[class_id] + 0.5 * fp[class_id] + 0.5 * fn[class_id]
            sq = iou[class_id] / tp[class_id] if tp[class_id] else 0.0
            of_class[class_id] = (iou[class_id] / whole, sq, tp[class_id] / whole)
    groups = {
        "All": list(of_class),
        "Things": [i for i in of_class if classes[i].is_thing],
        "Stuff": [i for i in of_class if not classes[i].is_thing],
    }
    means = {
        name: tuple(sum(of_class[i][part] for i in ids) / len(ids) for part in range(3)) if ids else None
        for name, ids in groups.items()
    }
    return {**means, **{i: of_class.get(i) for i in range(len(classes))}}


def count_image(truth, prediction, tp, fp, fn, iou):
    true_segments = {segment.id: segment for segment in truth.segments}
    predicted_segments = {segment.id: segment for segment in prediction.segments}
    shared = Counter(zip(truth.segment_ids.ravel().tolist(), prediction.segment_ids.ravel().tolist(), strict=True))
    true_area = Counter(truth.segment_ids.ravel().tolist())
    predicted_area = Counter(prediction.segment_ids.ravel().tolist())

    true_matched, predicted_matched = set(), set()
    for (true_id, predicted_id), intersection in shared.items():
        if true_id not in true_segments or predicted_id not in predicted_segments:
            continue
        true, predicted = true_segments[true_id], predicted_segments[predicted_id]
        if true.is_crowd or true.class_id != predicted.class_id:
            continue
        union = true_area[true_id] + predicted_area[predicted_id] - intersection - shared[VOID, predicted_id]
        if intersection / union > 0.5:
            tp[true.class_id] += 1
            iou[true.class_id] += intersection / union
            true_matched.add(true_id)
            predicted_matched.add(predicted_id)

    crowd_of_class = {}
    for true_id, true in true_segments.items():
        if true_id in true_matched:
            continue
        if true.is_crowd:
            crowd_of_class[true.class_id] = true_id
            continue
        fn[true.class_id] += 1

    for predicted_id, predicted in predicted_segments.items():
        if predicted_id in predicted_matched:
            continue
        intersection = shared[VOID, predicted_id]
        if predicted.class_id in crowd_of_class:
            intersection += shared[crowd_of_class[predicted.class_id], predicted_id]
        if intersection / predicted_area[predicted_id] > 0.5:
            continue
        fp[predicted.class_id] += 1
