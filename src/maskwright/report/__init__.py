"""The page that shows what a run did and what it is worth."""

from maskwright.report.content import Picture, ReportContent, SplitSummary
from maskwright.report.page import render, write
from maskwright.report.terminal import plan_table, score_table

__all__ = ["Picture", "ReportContent", "SplitSummary", "plan_table", "render", "score_table", "write"]
