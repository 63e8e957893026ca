"""Why a file of transcripts cannot be loaded. No text quotes the file: it is personal data."""


class BadFile(Exception):
    """The file cannot be loaded; the text names the file, the line or row, and the cause."""


class BadOption(Exception):
    """An option does not fit the files; the text names the option and what to do."""


class Refused(Exception):
    """One row, or one value of it, cannot be loaded; the text gives the field and the cause."""
