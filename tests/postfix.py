"""A real Postfix of our own: configuration, queue and log in one folder, on a port of loopback.

It takes mail for two domains into Maildirs, turns readers away in every way there is, and bounces
what it took and cannot deliver back to where the envelope says.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534  # neither root nor Postfix may own mail
READERS, OURS = "readers.example", "example.org"
GONE, LATER = f"gone@{READERS}", f"later@{READERS}"

_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{home}/etc/access, permit
smtpd_discard_ehlo_keywords = {discarded}
smtp_tls_security_level = none
smtpd_tls_security_level = none
default_transport = error:5.1.2 there is no other domain here
transport_maps = texthash:{home}/etc/transport
virtual_mailbox_domains = {readers}, {ours}, bounces.{ours}
virtual_mailbox_maps = texthash:{home}/etc/mailboxes
virtual_mailbox_base = {home}/mail
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
"""
_MASTER = """
{port}    inet  n - n - - smtpd
{inner}   inet  n - n - - smtpd
  -o smtpd_recipient_restrictions=check_recipient_access,texthash:{home}/etc/refused,permit
smtp      unix  - - n - - smtp
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
proxymap  unix  - - n - - proxymap
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A mail server that runs: its port, and where the mail for our own domain comes to."""

    home: Path
    port: int

    @property
    def returned(self) -> Path:
        """The Maildir into which what comes back is put."""
        return self.home / "mail" / "back"

    @property
    def delivered(self) -> list[Path]:
        """The messages that came to readers."""
        return sorted((self.home / "mail" / "readers" / "new").glob("*"))

    @property
    def log(self) -> str:
        """Everything it said."""
        path = self.home / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def a_postfix(*, reports: bool = True, instead: str = "") -> Iterator[Postfix]:
    """Run a Postfix, which offers reports (RFC 3461) or not, until the end of the block.

    The lines of main.cf in `instead` hold in place of those that say something else.
    """
    home = Path(tempfile.mkdtemp(prefix="paperround-postfix-", dir="/tmp"))
    port = _free_port()
    try:
        _configure(home, port, reports=reports)
        for line in instead.splitlines():
            _set(home, line.replace("HOME", str(home)))
        with (home / "out").open("wb") as out:
            command = [_program(), "-c", str(home / "etc")]
            process = subprocess.Popen([*command, "start-fg"], stdout=out, stderr=out)  # noqa: S603
            try:
                _wait_for(port, process, home)
                yield Postfix(home, port)
            finally:
                # The program in the foreground is a shell; its end would leave the server behind.
                subprocess.run([*command, "stop"], stdout=out, stderr=out, check=False)  # noqa: S603
                process.wait(timeout=20)
    finally:
        shutil.rmtree(home)


def _program() -> str:
    found = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, "postfix is not installed; see .ci/run"
    return found


def _configure(home: Path, port: int, *, reports: bool) -> None:
    home.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (home / name).mkdir()
    shutil.chown(home / "data", "postfix")
    os.chown(home / "mail", NOBODY, NOBODY)
    values: dict[str, object] = {
        "home": home,
        "port": port,
        "inner": _free_port(),
        "readers": READERS,
        "ours": OURS,
        "nobody": NOBODY,
        "discarded": "" if reports else "dsn",
    }
    files = {
        "main.cf": _MAIN.format(**values),
        "master.cf": _MASTER.format(**values),
        "access": f"{LATER} 450 4.2.1 come back later\n",
        "transport": f"{GONE} smtp:[127.0.0.1]:{values['inner']}\n",
        "refused": f"{GONE} 550 5.1.1 no such reader here\n",
        "mailboxes": f"@{READERS} readers/\n@{OURS} back/\n@bounces.{OURS} back/\n",
    }
    for name, text in files.items():
        (home / "etc" / name).write_text(text, encoding="utf-8")


def _set(home: Path, line: str) -> None:
    file, (name, _, _) = home / "etc" / "main.cf", line.partition(" = ")
    kept = [
        one
        for one in file.read_text(encoding="utf-8").splitlines()
        if not one.startswith(f"{name} ")
    ]
    file.write_text("\n".join([*kept, line, ""]), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(100).startswith(b"220"):
                    return
        except OSError:
            time.sleep(0.1)
    said = (home / "out").read_text(encoding="utf-8", errors="replace")
    log = home / "log"
    raise AssertionError(f"postfix does not run: {said} {log.read_text() if log.exists() else ''}")
