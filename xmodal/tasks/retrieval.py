"""Finds the passages that a question is about, by the text tower's embeddings (multilingual E5; Wang et al. 2024)."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xmodal.data.documents import Document
from xmodal.device import pick_device
from xmodal.disk import disk_full_explained
from xmodal.errors import InputError
from xmodal.models.memory import model_memory
from xmodal.models.towers import DEFAULT_TOWERS, TextTower, load_tower
from xmodal.paths import home
from xmodal.progress import Progress, Reporter, check_cancelled
from xmodal.tasks.features import autocast
from xmodal.tasks.passages import Passage, split_passages

_MAX_LENGTH = 384
_BATCH = 16
_FORMAT = 1
_FEW = 8


@dataclass(frozen=True)
class Found:
    """A passage and how near it is to the question, at most 1: the cosine of the angle, where it has a heading the mean
    of its own and the heading's; 1 where there is no other passage.
    """

    passage: Passage
    score: float


class Index:
    """Passages of some documents and their embeddings.

    Args:
        documents: Where they come from.
        passages: All of them.
        vectors: `(passages, dim)`; not used where there is one passage.
        tower: Name of the text tower.
    """

    def __init__(self, documents: Sequence[Document], passages: Sequence[Passage], vectors: Tensor, tower: str):
        self.documents, self.passages = tuple(documents), tuple(passages)
        self.vectors, self.tower = vectors, tower

    def search(self, question: str, top: int = 8) -> list[Found]:
        """The passages nearest to a question in any language, best first, and the best of each of a few documents.

        Raises:
            InputError: The question is empty.
        """
        if not question.strip():
            raise InputError("There is no question.", "Ask something.")
        if len(self.passages) == 1:
            return [Found(self.passages[0], 1.0)]
        with _tower(self.tower) as tower:
            asked = _embed(tower, [question], "query: ")[0]
        scores = self.vectors @ asked
        order = scores.argsort(descending=True, stable=True).tolist()
        chosen = order[:top]
        if len(self.documents) <= top:
            heard = {self.passages[i].document for i in chosen}
            for i in order[top:]:
                if self.passages[i].document not in heard:
                    heard.add(self.passages[i].document)
                    chosen.append(i)
        return [Found(self.passages[i], float(scores[i])) for i in chosen]


def build_index(
    documents: Sequence[Document],
    tower: str = "",
    report: Reporter | None = None,
    cancel: threading.Event | None = None,
) -> Index:
    """Cut documents into passages and embed them; what was embedded before is read from the disk.

    Args:
        documents: At least one.
        tower: Registered name of the text tower; the default one if not given.
        report: Told of the passages done.
        cancel: Stops it.
    """
    tower = tower or DEFAULT_TOWERS["text"]
    passages = split_passages(documents)
    check_cancelled(cancel)
    if len(passages) == 1:  # nothing to choose from
        return Index(documents, passages, torch.empty(1, 0), tower)
    parts = []
    for number, document in enumerate(documents):
        own = [passage for passage in passages if passage.document == number]
        parts.append(_look_up(document.name, own, tower, report, cancel))
    return Index(documents, passages, torch.cat(parts), tower)


def _look_up(name: str, passages: Sequence[Passage], tower: str, report, cancel) -> Tensor:
    """Vectors of one document's passages; a heading, often a question itself, counts as much as what it stands above.

    The mean of two cosines is the product with the mean of the two vectors.
    """
    texts = [f"{passage.heading}\n{passage.text}" if passage.heading else passage.text for passage in passages]
    headings = list(dict.fromkeys(passage.heading for passage in passages if passage.heading))
    vectors, above = _vectors(name, [*texts, *headings], tower, report, cancel).split([len(texts), len(headings)])
    known = dict(zip(headings, above, strict=True))
    return torch.stack([(own + known.get(passage.heading, own)) / 2
                        for own, passage in zip(vectors, passages, strict=True)])  # fmt: skip


def _vectors(name: str, texts: Sequence[str], tower: str, report, cancel) -> Tensor:
    """Embeddings `(texts, dim)`, of length 1, stored under a digest of the texts."""
    from safetensors.torch import load_file, save_file

    digest = hashlib.sha256("\0".join([tower, str(_FORMAT), *texts]).encode("utf-8", "surrogatepass")).hexdigest()
    path = home() / "indexes" / f"{digest[:32]}.safetensors"
    if path.is_file():
        try:
            return load_file(path)["vectors"].float()
        except Exception:  # noqa: BLE001 - a damaged file is made anew
            path.unlink(missing_ok=True)
    with _tower(tower, report) as loaded:
        vectors = _embed(loaded, texts, "passage: ", report, cancel, name)
    if len(texts) > _FEW:
        with disk_full_explained(path.parent, "the index"):
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = path.with_suffix(f".{threading.get_ident()}.part")
            try:
                save_file({"vectors": vectors.half()}, staged)
                staged.replace(path)
            finally:
                staged.unlink(missing_ok=True)
    return vectors


def _tower(name: str, report: Reporter | None = None):
    device = pick_device()
    key = ("embed", name, device)
    return model_memory().use(
        key, lambda: load_tower("text", name, max_length=_MAX_LENGTH, report=report, device=device).eval()
    )


@torch.inference_mode()
def _embed(
    tower: TextTower, texts: Sequence[str], prefix: str, report: Reporter | None = None, cancel=None, name: str = ""
) -> Tensor:
    """Means over the tokens `(texts, dim)`, of length 1; texts of like length go together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = torch.empty(len(texts), tower.dim)
    for start in range(0, len(order), _BATCH):
        check_cancelled(cancel)
        chosen = order[start : start + _BATCH]
        # E5 was trained with these words before what is asked and what is searched.
        inputs = tower.tokenizer(
            [(prefix if tower.prefix else "") + texts[i] for i in chosen],
            padding=True, truncation=True, max_length=_MAX_LENGTH, return_tensors="pt",
        )  # fmt: skip
        with autocast(tower.device):
            tokens, mask = tower(**{key: inputs[key].to(tower.device) for key in ("input_ids", "attention_mask")})
        kept = mask.unsqueeze(-1)
        means = (tokens.float() * kept).sum(1) / kept.sum(1).clamp(min=1)
        vectors[chosen] = nn.functional.normalize(means, dim=-1).cpu()
        if report:
            report(Progress("index", name, min(start + _BATCH, len(order)), len(order), "passages"))
    return vectors
