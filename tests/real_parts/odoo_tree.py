"""Odoo 19's own source tree, taken out of Debian's package and never installed.

Debian carries odoo-19 in sid only. A private apt state (no root, the machine's own mirror)
fetches the package, apt checks it against the mirror's signed index, and only its `odoo` folder
is unpacked. The other module tree of the package breaks Odoo when it is reduced.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.real_parts.cache import build_once, cached
from tests.real_parts.commands import Words, retry_command, run, say
from tests.real_parts.faults import PartMissingError
from tests.real_parts.packages import update_package_lists

TREE = "odoo-19-tree-1"
PACKAGE = "odoo-19"
WANTED = "./usr/lib/python3/dist-packages/odoo/"
FOLDERS_ABOVE_WANTED = 5
UNWANTED = ("*/i18n/[!f]*", "*/i18n/f[!r]*", "*/static/tests", "*/addons/*/tests")
DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_SETTINGS = """\
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{state}/lists";
Dir::Cache "{state}/cache";
"""


def find_tree() -> Path | None:
    """Return the folder to put on Odoo's PYTHONPATH, if it is in the cache."""
    return cached(TREE)


def ensure_tree() -> Path:
    """Return the folder to put on Odoo's PYTHONPATH, fetching it first if needed."""
    return build_once(TREE, _build)


def package_version(tree: Path) -> str:
    """Return the version of the Debian package that the tree came from."""
    return (tree / "VERSION").read_text().strip()


def _build(tree: Path) -> None:
    state = tree / "apt"
    package = _download(state)
    say("unpacking Odoo (10 seconds)")
    _extract(package, tree)
    _fill_dangling_links(tree)
    (tree / "VERSION").write_text(run(["dpkg-deb", "--field", package, "Version"]))
    shutil.rmtree(state)


def _download(state: Path) -> Path:
    mirror = _debian_mirror()
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    keys = f"[signed-by={DEBIAN_KEYS}] " if DEBIAN_KEYS.exists() else ""
    (state / "sources.list").write_text(f"deb {keys}{mirror} sid main\n")
    (state / "apt.conf").write_text(APT_SETTINGS.format(state=state))
    apt_get: Words = ["apt-get", "--config-file", state / "apt.conf"]
    say("looking up Odoo 19 in Debian")
    run([*apt_get, "update"])
    say("downloading Odoo 19 (122 MB)")
    run([*apt_get, "download", PACKAGE], cwd=state)
    return next(state.glob(f"{PACKAGE}_*.deb"))


def _debian_mirror() -> str:
    if not shutil.which("apt-get"):
        reason = "Odoo 19 comes from Debian's mirrors and this machine has no apt-get"
        raise PartMissingError(reason, "run the tests on Debian, or in a Debian container")
    mirrors = _configured_mirrors()
    if not mirrors and os.geteuid() == 0:
        update_package_lists()
        mirrors = _configured_mirrors()
    if not mirrors:
        reason = "this machine's package lists name no Debian mirror"
        raise PartMissingError(reason, "sudo apt-get update")
    return mirrors[0]


def _configured_mirrors() -> list[str]:
    prefix = "Debian/Debian "
    lines = run(["apt-get", "indextargets", "--format", "$(ORIGIN)/$(LABEL) $(REPO_URI)"])
    return [line.removeprefix(prefix) for line in lines.splitlines() if line.startswith(prefix)]


def _extract(package: Path, tree: Path) -> None:
    excluded = [f"--exclude={pattern}" for pattern in UNWANTED]
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
    ) as opened:
        depth = f"--strip-components={FOLDERS_ABOVE_WANTED}"
        run(["tar", "-x", "-C", tree, depth, *excluded, WANTED], reads=opened.stdout)
    if opened.returncode:
        reason = f"{package.name} could not be opened"
        raise PartMissingError(reason, retry_command())


def _fill_dangling_links(tree: Path) -> None:
    """Put an empty file for each link into a package that is not here: pages need some file."""
    for path in tree.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()
            path.touch()
