"""Analyses: prompts, answer schemas, request lines, and the reader of prediction files.

No input or output except the package's own files, no state, and no import of another package.
"""

from analysis.analyses import Analyses
from analysis.analysis_files import (
    ALL_FILES,
    ANALYSIS_FILES,
    decode_analysis,
    encode_analysis,
    load_analysis,
    problems_of,
    shipped_analyses,
)
from analysis.charts import Chart, Charts, LeftOut, charts_of
from analysis.definition import Analysis, Column
from analysis.error_types import ERRORS, ErrorType
from analysis.errors import AnalysisError, PreflightError
from analysis.preflight import Preflight, check_file, check_template, preflight
from analysis.reading.prediction_line import composite_key, fingerprint, lines_of, record_id_of
from analysis.reading.reader import Reader, Reading, encode_reading, without_tokens
from analysis.redaction import Redaction
from analysis.redaction_rules import Rule
from analysis.request_lines import Request, render

__all__ = [
    "ALL_FILES",
    "ANALYSIS_FILES",
    "ERRORS",
    "Analyses",
    "Analysis",
    "AnalysisError",
    "Chart",
    "Charts",
    "Column",
    "ErrorType",
    "LeftOut",
    "Preflight",
    "PreflightError",
    "Reader",
    "Reading",
    "Redaction",
    "Request",
    "Rule",
    "charts_of",
    "check_file",
    "check_template",
    "composite_key",
    "decode_analysis",
    "encode_analysis",
    "encode_reading",
    "fingerprint",
    "lines_of",
    "load_analysis",
    "preflight",
    "problems_of",
    "record_id_of",
    "render",
    "shipped_analyses",
    "without_tokens",
]
