"""Trained weights of encoders."""

IMAGENET_MEAN, IMAGENET_STD, PACKAGED = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), ("efficientnet-lite0",)


def load_encoder_weights(encoder: object, name: str, source: str) -> None:
    raise NotImplementedError
