"""Keeps libraries from drawing their own progress bars over ours."""


def quiet_transformers() -> None:
    """Turn off transformers' progress bars; its warnings stay."""
    from transformers.utils import logging

    logging.disable_progress_bar()
