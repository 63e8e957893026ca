"""A real, modest, deterministic analysis of a conversation; it answers in the model's stead."""

from troupe.standin.text_analysis.answering import answer, answer_by_schema
from troupe.standin.text_analysis.review import analyse

__all__ = ["analyse", "answer", "answer_by_schema"]
