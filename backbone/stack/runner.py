"""Runs PostgreSQL as a user of its own where the stack runs as root, with files that only this user owns."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from backbone.errors import Stop
from backbone.stack.places import PRIVATE

RUNNERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; these users are tried in this order."""


def may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether `user` can walk into a folder: every folder above it lets them through."""
    groups = set(os.getgrouplist(user.pw_name, user.pw_gid))
    for step in (folder, *folder.parents):
        facts = step.stat()
        if facts.st_uid == user.pw_uid:
            allowed = facts.st_mode & stat.S_IXUSR
        elif facts.st_gid in groups:
            allowed = facts.st_mode & stat.S_IXGRP
        else:
            allowed = facts.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def find() -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as; None: the user that runs the stack.

    Raises Stop.
    """
    if os.getuid() != 0:
        return None
    for name in RUNNERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise Stop("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.", "Add one of them.")


def own(folder: Path, user: pwd.struct_passwd) -> None:
    """Make a private folder of another user; refuse one that a third party has put there.

    Raises Stop.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE)
        os.chown(folder, user.pw_uid, user.pw_gid)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {0, user.pw_uid}:
        raise Stop(f"{folder} belongs to somebody else.", "Remove it.")
    os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    folder.chmod(PRIVATE)
