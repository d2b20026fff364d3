"""The documented way to a PDF: Debian's chromium, without a window."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report import sample

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("Debian's chromium is not installed", allow_module_level=True)


def test_the_documented_command_prints_the_report(tmp_path: Path) -> None:
    """Several pages, with the text as text."""
    page = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^chromium .*$", page, re.MULTILINE)
    (tmp_path / "report.html").write_text(sample.page(), encoding="utf-8")
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True, timeout=120)
    written = (tmp_path / "report.pdf").read_bytes()
    assert written.startswith(b"%PDF-")
    assert written.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", written)) > 2
    assert b"/Font" in written
