"""Class weights from how many pixels each class has."""

from collections.abc import Sequence

from maskwright.base.errors import PlanError


def inverse_frequency_weights(class_pixels: Sequence[int], *, cap: float = 10.0) -> tuple[float, ...]:
    """Weights that let every class count alike: 1 / frequency, but no more than `cap` times that of the commonest class.

    They are scaled so that the average pixel weighs 1, which leaves the size of a loss as it was. But for scale and cap this is
    median-frequency balancing (arXiv:1411.4734). A class without pixels weighs as much as the rarest may.
    """
    if cap < 1:
        raise PlanError(f"The cap of class weights is 1 or more, not {cap}.")
    most, total = max(class_pixels, default=0), sum(class_pixels)
    if total == 0:
        raise PlanError(
            "Class weights cannot be computed: no pixel of the training images has a class. Run 'check' on the data."
        )
    times = [min(most / pixels, cap) if pixels else cap for pixels in class_pixels]
    average = sum(pixels * weight for pixels, weight in zip(class_pixels, times, strict=True)) / total
    return tuple(weight / average for weight in times)
