"""What we ask, and how we read: prompts, schema, request lines, honest reading of answers.

Pure: no I/O beyond the package's own files, no state, and no import from another room.
"""

from analysis.charts import Chart, Charts, LeftOut, charts_of
from analysis.collection import Analyses
from analysis.definition import Analysis, Column, analyses, load_analysis, problems_of
from analysis.error_types import ERRORS, ErrorType, error_types_table
from analysis.errors import AnalysisError, PreflightError
from analysis.keys import composite_key, fingerprint, is_record_id, record_id_of
from analysis.preflight import Preflight, check_file, check_template, preflight
from analysis.reading.lines import lines_of
from analysis.reading.reader import Reader
from analysis.reading.staged_reading import Reading, encode_reading
from analysis.request_lines import Request, render

__all__ = [
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
    "Request",
    "analyses",
    "charts_of",
    "check_file",
    "check_template",
    "composite_key",
    "encode_reading",
    "error_types_table",
    "fingerprint",
    "is_record_id",
    "lines_of",
    "load_analysis",
    "preflight",
    "problems_of",
    "record_id_of",
    "render",
]
