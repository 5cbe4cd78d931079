"""A page as PDF, by the print of Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from jakinib.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LONGEST = 120  # s


def chromium() -> str:
    """The Chromium of this machine; raises InputError where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise InputError(f"PDF: no Chromium on the PATH ({', '.join(NAMES)}); install it, or leave out --pdf")
    return found


def pdf(page: str, browser: str) -> bytes:
    """A page (HTML text that loads nothing) as PDF. Raises InputError when the browser does not print it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
        ]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to run as root with it
        command += [f"--print-to-pdf={target}", source.as_uri()]
        try:
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace", timeout=LONGEST
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"PDF: {browser} did not print the page ({error}); leave out --pdf") from None
        if done.returncode or not target.exists():
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise InputError(f"PDF: {browser} did not print the page ({last}); leave out --pdf")
        return target.read_bytes()
