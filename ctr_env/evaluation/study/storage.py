"""Errors of the file system that no episode is to blame for, and the lock of a folder."""

from __future__ import annotations

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ctr_env.errors import StorageError, UsageError

__all__ = ["exclusive", "is_storage_error", "storage_errors"]

_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_LEAST = 2**20  # free bytes below which any failure to write is one of the disk


def is_storage_error(error: BaseException, folder: Path) -> bool:
    """Whether an error says that results cannot be written, such as on a full disk."""
    if not isinstance(error, OSError):
        return False
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _LEAST:
            return True
    return error.errno in _CODES


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Raise errors of the file system within the block as :class:`~ctr_env.errors.StorageError`.

    Raises:
        StorageError: With the cause and what to do.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        if not is_storage_error(error, folder):
            raise
        raise StorageError(storage_message(folder, str(error))) from error


def storage_message(folder: Path, cause: str) -> str:
    """What a user is told when results cannot be written."""
    return f"results cannot be written to {folder}: {cause}; make room, then the same command resumes"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep other processes of this machine from running a study in the same folder.

    Raises:
        UsageError: If one does already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another process is running a study in {folder}") from error
        except OSError:
            pass  # a file system without locks
        yield
