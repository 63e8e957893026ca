"""Write the view `answers_daily` of the shipped analysis.

    python -m troupe.deployment.answers_view > tracking/views/answers_daily.sql

`troupe analysis view` writes that of any other analysis; Terraform joins them.
"""

import sys

from analysis import Analysis, load_analysis
from handlers.summary.attribute_groups import grouped_attributes
from tracking.answer_rows import daily_view


def answers_view(analysis: Analysis) -> str:
    """Return the SQL of the view for one analysis; `{dataset}` stands before each table."""
    return daily_view(
        analysis.name,
        analysis.table,
        analysis.closed_columns,
        list(analysis.columns),
        grouped_attributes(analysis),
    )


def main() -> int:
    sys.stdout.write(answers_view(load_analysis("call_review_v1")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
