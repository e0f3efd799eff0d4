"""Adapters as files that travel: packed into a zip, taken in from one, and given another name."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from xmodal.data.archives import ZipLimits, unzip
from xmodal.disk import disk_full_explained, replace_text, require_space
from xmodal.errors import InputError
from xmodal.jobs.queue import free_name, unfinished_names
from xmodal.jobs.store import connect
from xmodal.models.adapter_format import CARD, DESCRIPTION, Adapter, check_name, read_adapter
from xmodal.models.adapters import adapters_dir, load_adapter
from xmodal.paths import staging_dir

_LIMITS = ZipLimits(total_mb=5_000, files=200, depth=4)


def pack_adapter(adapter: Adapter, folder: Path) -> Path:
    """Write `folder/NAME.zip` with the adapter's description, card and weights; returns its path.

    Raises:
        DiskFullError: There is no room.
    """
    names = [name for name in (DESCRIPTION, CARD, *adapter.files) if (adapter.path / name).is_file()]
    target = folder / f"{adapter.name}.zip"
    size = sum((adapter.path / name).stat().st_size for name in names)
    require_space(folder, size / 1e6 + 1, target.name, "TMPDIR")
    with disk_full_explained(folder, target.name, "TMPDIR"), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.write(adapter.path / name, f"{adapter.name}/{name}")
    return target


def import_adapter(path: Path) -> Adapter:
    """Take an adapter in from a zip: unpacked within limits, its files checked, then put in place.

    Only the description, the card and the weights that it lists are kept. Its name gets a number where there is one
    of that name already, or a job that is still to make one.

    Raises:
        InputError: It is no zip, or holds no adapter or more than one.
        IntegrityError: It holds files that can run code, or others than its description says.
        DiskFullError: There is no room.
    """
    with tempfile.TemporaryDirectory(prefix="import-", dir=staging_dir()) as staging:
        content = Path(staging) / "content"
        content.mkdir()
        unzip(Path(path), content, _LIMITS)
        found = sorted(content.rglob(DESCRIPTION))
        if len(found) != 1:
            raise InputError(
                f"The zip file holds {'no adapter' if not found else 'more than one adapter'}.",
                f"Choose one with a single {DESCRIPTION}, such as “Download as a zip” makes.",
            )
        adapter = load_adapter(found[0].parent)
        kept = {DESCRIPTION, CARD, *adapter.files}
        for item in found[0].parent.iterdir():
            if item.name not in kept:
                shutil.rmtree(item) if item.is_dir() else item.unlink()
        name = free_name(adapter.name, unfinished_names())
        _write_name(found[0].parent, adapter.name, name)
        found[0].parent.rename(adapters_dir() / name)
    return read_adapter(adapters_dir() / name)


def rename_adapter(old: str, new: str) -> Adapter:
    """Give one of the user's own adapters another name; the run that made it knows it by the new one.

    Raises:
        InputError: The name cannot be used or is taken, or the adapter is not the user's own.
    """
    folder, target = adapters_dir() / check_name(old), adapters_dir() / check_name(new.strip())
    if not (folder / DESCRIPTION).is_file():
        raise InputError(f"There is no model named {old} of your own.", "Only those of your own can be renamed.")
    if target.exists():
        raise InputError(f"There is a model named {new} already.", "Choose another name.")
    if target.name in unfinished_names():
        raise InputError(f"A run that is not finished makes a model named {target.name}.", "Choose another name.")
    _write_name(folder, old, target.name)
    folder.rename(target)
    with connect() as connection:
        connection.execute("UPDATE jobs SET adapter = ? WHERE adapter = ?", (str(target), str(folder)))
    return read_adapter(target)


def _write_name(folder: Path, old: str, new: str) -> None:
    """Put the name into the description, and into the title and the command of the card."""
    description, card = folder / DESCRIPTION, folder / CARD
    if card.is_file():
        text = card.read_text(encoding="utf-8", errors="replace")
        text = text.replace(f"\n# {old}\n", f"\n# {new}\n", 1).replace(f"--model {old} ", f"--model {new} ")
        replace_text(card, text)
    values = json.loads(description.read_text(encoding="utf-8"))
    replace_text(description, json.dumps({**values, "name": new}, ensure_ascii=False, indent=2) + "\n")
