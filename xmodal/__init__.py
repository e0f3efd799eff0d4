"""xmodal: ask, describe, transcribe and classify across text, images and audio.

Each verb is a function here, imported when it is first used, so that `import xmodal` is quick:

    import xmodal

    print(xmodal.answer("How do I lower high blood pressure?").answer)
    print(xmodal.describe("photo.jpg").description)
    result = xmodal.transcribe("talk.mp3")
    print(result.language, result.text)
    print(xmodal.tag("street.wav").labels)
    print(xmodal.classify("english-review-sentiment", text="Lovely.").scores)
    print(xmodal.list_models(task="transcribe"))
"""

from importlib import import_module

__version__ = "0.1.0"

_VERBS = {
    "answer": "xmodal.tasks.answer",
    "describe": "xmodal.tasks.describe",
    "describe_files": "xmodal.tasks.describe",
    "transcribe": "xmodal.tasks.transcribe",
    "transcribe_files": "xmodal.tasks.transcribe",
    "iter_transcribe": "xmodal.tasks.transcribe",
    "TranscribeOptions": "xmodal.tasks.transcribe",
    "tag": "xmodal.tasks.tag",
    "classify": "xmodal.tasks.classify",
    "load_recipe": "xmodal.training.config",
    "train": "xmodal.training.engine",
    "list_models": "xmodal.models.registry",
    "XmodalError": "xmodal.errors",
}

__all__ = ["__version__", *_VERBS]


def __getattr__(name: str):
    if name not in _VERBS:
        raise AttributeError(f"module 'xmodal' has no attribute {name!r}")
    return getattr(import_module(_VERBS[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
