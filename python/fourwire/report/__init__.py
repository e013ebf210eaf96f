"""A call on one page: both voices over time, what happened when, and the figures."""

from fourwire.report.page import write_report

__all__ = ["write_report"]
