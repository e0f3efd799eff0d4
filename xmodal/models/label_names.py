"""Plain names of the classes that image towers know."""

from functools import cache


@cache
def imagenet_names() -> tuple[str, ...]:
    """Of the 1,000 classes of ImageNet, such as `cheetah`, in the order of the classifiers trained on them."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return tuple(info.index_to_description(number).split(",")[0].strip() for number in range(info.num_classes()))
