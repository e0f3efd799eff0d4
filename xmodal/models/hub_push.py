"""Puts adapters on the Hugging Face Hub."""

import re

from xmodal.errors import InputError, UploadError
from xmodal.models import hub
from xmodal.models.adapter_format import CARD, DESCRIPTION, Adapter

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def push_adapter(adapter: Adapter, repo: str, token: str, private: bool = True) -> str:
    """Put an adapter into a repository of the Hub, which is made if it is not there.

    Only its description, model card and weights are sent. The token is used for this and kept nowhere.

    Args:
        adapter: One that was read from its folder.
        repo: `user/name`.
        token: An access token that may write; one saved on this machine is not used, since the page may have other
            visitors than its owner.
        private: Whether only the user sees it, if the repository is made now.

    Returns:
        The address of the repository's page.

    Raises:
        InputError: The repository's name or the token cannot be used.
        UploadError: The Hub cannot be reached, or does not take it.
    """
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if not _REPO.fullmatch(repo.strip()):
        raise InputError(f"{repo!r} is not the name of a repository.", "Write it as user/name.")
    if not token.strip():
        raise InputError("No access token was given.", "Make one that may write at huggingface.co/settings/tokens.")
    hub.forget_reachability()
    if not hub.hub_reachable():
        raise UploadError(
            "The Hugging Face Hub cannot be reached from this machine.",
            "Check the network and try again, or download the model as a zip and upload it from elsewhere.",
        )
    api = HfApi(endpoint=constants.ENDPOINT, token=token.strip())
    try:
        made = api.create_repo(repo.strip(), private=private, exist_ok=True, repo_type="model")
        api.upload_folder(
            folder_path=adapter.path,
            repo_id=made.repo_id,
            allow_patterns=[DESCRIPTION, CARD, *adapter.files],
            commit_message=f"Upload the xmodal adapter {adapter.name}",
        )
    except HFValidationError as error:
        raise InputError(f"{repo!r} is not the name of a repository.", "Write it as user/name.") from error
    except HfHubHTTPError as error:
        raise _explain(error, repo) from error
    except (HTTPError, OSError) as error:
        raise UploadError("The connection to the Hugging Face Hub broke off.", "Try again.") from error
    return str(made)


def _explain(error: Exception, repo: str) -> InputError | UploadError:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status == 401:
        return InputError("The Hub does not know this access token.", "Copy it again, or make a new one.")
    if status == 403:
        return InputError(
            f"This access token may not write to {repo}.", "Make one that may, or use a repository of your own."
        )
    return UploadError(
        f"The Hub did not take the model (status {status or 'unknown'}).", "Try again later, or use another repository."
    )
