"""A real, modest, deterministic analysis of a conversation; it answers in the model's stead."""

from infra.local.analyst.answering import answer, answer_by_schema
from infra.local.analyst.review import analyse

__all__ = ["analyse", "answer", "answer_by_schema"]
