"""A server's access log -> what its polls come to: who asks how often, and how often in vain."""

from pushlab.analysis.log.find import findings_of
from pushlab.analysis.log.findings import LogFindings, load_findings
from pushlab.analysis.log.reader import read_log

__all__ = ["LogFindings", "findings_of", "load_findings", "read_log"]
