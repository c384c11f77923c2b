# SPDX-License-Identifier: Apache-2.0
"""The folder of what tests fetch and build once, and folders in it that several runs may fill at once."""

import errno
import os
import pathlib


def root():
    """As tools/lib/common.sh has it."""
    return pathlib.Path(os.environ.get("NODESPAN_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "nodespan"))


def keep(made, target):
    """Renames the finished folder `made` to `target`, which appears whole or not at all. When another run was first, its
    folder stays, and `made` is left to the caller to remove."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(made, target)
    except OSError as error:
        # A folder takes the place of an empty one only (rename(2)).
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not target.is_dir():
            raise
