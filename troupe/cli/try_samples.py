"""The transcripts that `analysis try` asks about, from the source table or from files."""

import json
from dataclasses import dataclass
from itertools import chain

from analysis import Analysis
from troupe.backends.local.load import named_files, read_options
from troupe.online.file_sample import sample_of_rows
from troupe.online.trial import Sample
from troupe.operations.sample_source import sample_source
from troupe.redactor import redact
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.find import find_files
from troupe.transcript_files.reader import TranscriptFile

from .client import CallFailed, try_call
from .load import standard_input
from .output import fail


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOptions:
    """The options of `analysis try` that choose transcripts."""

    sample: int
    seed: str
    record_ids: tuple[str, ...]
    files: tuple[str, ...]
    mapped: tuple[str, ...]
    timezone: str
    format: str


def samples_of(analysis: Analysis, options: SampleOptions) -> list[Sample]:
    """Return the transcripts as a run of this analysis would send them; end the command without.

    They depend on the options alone, so that two analyses get the same records.
    """
    return _of_files(analysis, options) if options.files else _of_source(analysis, options)


def _of_source(analysis: Analysis, options: SampleOptions) -> list[Sample]:
    try:
        found = try_call(
            sample_source,
            sample=options.sample,
            seed=options.seed,
            record_ids=list(options.record_ids),
            rules=[list(rule) for rule in analysis.redaction.applied],
            attributes=dict(analysis.attributes),
        )
    except CallFailed as error:
        hint = "" if options.record_ids else "; or name a file of transcripts with --file"
        fail(f"{error}{hint}", error.code)
    return [Sample(each.record_id, each.transcript, each.attributes) for each in found.records]


def _of_files(analysis: Analysis, options: SampleOptions) -> list[Sample]:
    try:
        found, _ = find_files(list(options.files))
        read = read_options(options.mapped, options.timezone, options.format)
        with standard_input(found) as stdin:
            files = [TranscriptFile(*each, read) for each in named_files(found, stdin)]
            rows = chain.from_iterable(file.rows() for file in files)
            chosen = sample_of_rows(
                rows, options.sample, options.seed, options.record_ids, analysis.attributes
            )
    except (BadFile, BadOption) as error:
        fail(str(error).removesuffix("; nothing was loaded"))
    if not chosen:
        fail(f"{', '.join(found)}: no row has a transcript; name another file with --file")
    return _redacted(chosen, analysis)


def _redacted(samples: list[Sample], analysis: Analysis) -> list[Sample]:
    """Apply the rules of the analysis, by the SQL of a plan, to transcripts and text attributes."""
    rules = analysis.redaction.applied
    if not rules:
        return samples
    names = [name for name, kind in analysis.attributes.items() if kind == "text"]
    made = []
    for each in samples:
        values = json.loads(each.attributes or "{}")
        texts = [each.transcript, *(values.get(name) or "" for name in names)]
        transcript, *others = (redacted.text for redacted in redact(iter(texts), rules))
        values |= {name: text for name, text in zip(names, others, strict=True) if values.get(name)}
        attributes = json.dumps(values, ensure_ascii=False) if values else each.attributes
        made.append(Sample(each.record_id, transcript, attributes))
    return made
