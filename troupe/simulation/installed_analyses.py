"""The analyses that a simulated process has installed, which no run in flight may depend on.

During a rollout, after a rollback, and after a folder was edited, processes with different analyses
handle the events of one run.
"""

import json

from analysis import Analyses, Analysis, AnalysisError, load_analysis

from .rng import Rng

NAME = "call_review_v1"
ORIGINAL = Analyses()


class _Installed(Analyses):
    """One analysis instead of the shipped ones, or none."""

    def __init__(self, analysis: Analysis | None) -> None:
        super().__init__()
        self._analysis = analysis

    @property
    def names(self) -> list[str]:
        return [] if self._analysis is None else [self._analysis.name]

    def load(self, name: str) -> Analysis:
        if self._analysis is None or self._analysis.name != name:
            raise AnalysisError(f"unknown analysis {name}")
        return self._analysis


def _edited() -> Analysis:
    """Another prompt, fence, output limit and reading rule, and a column that no table has."""
    files = {**load_analysis(NAME).files}
    files["system.md"] += "\nAnswer in rhymes."
    files["user.md"] = f"Read this.\n{files['user.md']}"
    schema, settings = json.loads(files["schema.json"]), json.loads(files["analysis.json"])
    schema["properties"]["mood"] = {"type": "STRING", "nullable": True}
    settings["columns"]["mood"] = "mood"
    settings["max_output_tokens"] = 64
    settings["equivalents"] = {}
    files["schema.json"], files["analysis.json"] = json.dumps(schema), json.dumps(settings)
    return load_analysis(NAME, files)


_OTHERS = {"edited analysis": _Installed(_edited()), "removed analysis": _Installed(None)}


class InstalledAnalyses:
    """Decides for each new process which analyses it has."""

    def __init__(self, rng: Rng, share: float) -> None:
        """`share` of the processes have other analyses than those that runs are planned with."""
        self._rng, self._rates = rng, dict.fromkeys(_OTHERS, share / len(_OTHERS))
        self.disabled = False

    def of_process(self) -> Analyses:
        """Return the analyses of the next process."""
        fault = None if self.disabled else self._rng.fault("process / analyses", self._rates)
        return ORIGINAL if fault is None else _OTHERS[fault[0]]
