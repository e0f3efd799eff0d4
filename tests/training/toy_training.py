"""A model with a frozen part and a small trained one, and rows to train it on."""

import torch
from torch import nn

_random = torch.Generator().manual_seed(0)
ROWS = [{"x": x, "label": int(x.sum() > 0)} for x in torch.randn(48, 16, generator=_random)]


def collate(rows: list[dict]) -> dict:
    return {"x": torch.stack([row["x"] for row in rows]), "labels": torch.tensor([row["label"] for row in rows])}


class Toy(nn.Module):
    """Dropout makes the curve depend on the random numbers' state; the frozen part is what must not be stored."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(16, 4096).requires_grad_(False)
        self.head = nn.Linear(4096, 2)
        self.register_buffer("seen", torch.zeros(()))
        self.poison, self.wanted = False, 0

    def forward(self, x, labels):
        if self.wanted:
            torch.empty(self.wanted)
        if self.training:
            self.seen += len(x)
        values = nn.functional.dropout(self.frozen(x).tanh() / 64, 0.2, self.training)
        loss = nn.functional.cross_entropy(self.head(values), labels)
        return {"loss": loss * float("nan") if self.poison else loss}
