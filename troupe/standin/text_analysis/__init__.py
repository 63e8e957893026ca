"""Answers a request from its transcript by word lists and rules, without a model.

Deterministic, in five languages. It is what the stand-in for Vertex answers with by default.
"""

from troupe.standin.text_analysis.call_review import analyse
from troupe.standin.text_analysis.schema_answer import answer, answer_by_schema

__all__ = ["analyse", "answer", "answer_by_schema"]
