"""The report page: one HTML file that needs nothing but itself."""

from pathlib import Path

from maskwright.base.files import atomic_write
from maskwright.report.content import ReportContent


def render(report: ReportContent) -> str:
    """The whole page as HTML."""
    raise NotImplementedError


def write(path: Path, report: ReportContent) -> None:
    """Write the page; the file is whole or absent."""
    atomic_write(path, render(report))
