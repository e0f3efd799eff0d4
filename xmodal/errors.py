"""Errors a person can act on: one sentence of what is wrong, one of what to do.

The command line prints them without a traceback and exits 2; the web page shows them as a notice.
Anything that is not an `XmodalError` is a bug in xmodal.
"""


class XmodalError(Exception):
    """Base of every error xmodal raises on purpose.

    Args:
        problem: One sentence that says what is wrong.
        advice: One sentence that says what to do about it.
        code: Which error it is, for faces that say it in other languages; empty where none does.
        values: What the sentences name, such as a file, by the names that translations use.
    """

    def __init__(self, problem: str, advice: str, code: str = "", **values: object):
        super().__init__(f"{problem} {advice}")
        self.problem = problem
        self.advice = advice
        self.code = code
        self.values = values


class InputError(XmodalError):
    """The file, text or option given cannot be used."""


class SettingsError(XmodalError):
    """An environment variable or flag has a value that cannot be used."""


class UnknownModelError(XmodalError):
    """No model of that name, or it does not do the task asked for."""


class DownloadError(XmodalError):
    """A model could not be fetched from anywhere."""


class UploadError(XmodalError):
    """A model could not be sent to the Hub."""


class IntegrityError(XmodalError):
    """A fetched file is not the file that was expected."""


class DiskFullError(XmodalError):
    """There is not enough space to store a model or a result."""


class CancelledError(XmodalError):
    """The person asked to stop."""
