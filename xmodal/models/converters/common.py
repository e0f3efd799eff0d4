"""What the converters share: build the network empty, fill it strictly, store it as safetensors."""

from pathlib import Path

import numpy as np


def save_model(model_class, config, state: dict[str, np.ndarray], out: Path, tied: set[str] = frozenset()) -> None:
    """Load `state` strictly into `model_class(config)` and save it to `out`.

    Args:
        model_class: A transformers `PreTrainedModel` class.
        config: Its configuration.
        state: Arrays by the class's own parameter names; stored in the arrays' float type.
        out: Where `config.json` and `model.safetensors` go.
        tied: Names that may be absent because they share another parameter's storage.

    Raises:
        ValueError: A name is missing or too many, or a shape differs.
    """
    import torch
    from safetensors.torch import save_file

    with torch.device("meta"):
        model = model_class(config)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
    try:
        missing, unexpected = model.load_state_dict(tensors, strict=False, assign=True)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit {model_class.__name__}: {error}") from error
    if unexpected or set(missing) - set(tied):
        raise ValueError(f"{model_class.__name__} misses {sorted(set(missing) - set(tied))}, has no {unexpected}")
    config.architectures = [model_class.__name__]
    config.dtype = next(iter(tensors.values())).dtype
    config.save_pretrained(out)
    # Not `save_pretrained`: it writes a progress bar to the terminal, and the names are the class's own already.
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
